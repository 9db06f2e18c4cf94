import { Button, Dialog, DialogActions, DialogBody, DialogContent, DialogSurface, DialogTitle } from '@fluentui/react-components'
import { ShareRegular } from '@fluentui/react-icons'
import { useState } from 'react'
import { useMakeLink } from '../../api/queries/huntingHistory'
import { CopyLine } from '../../components/CopyText'
import { ErrorBar } from '../../components/ErrorBar'
import { copyText } from '../../lib/clipboard'
import { linkAddress } from './links'

/** A short address of the text that everybody of the tenant who may hunt can open. */
export function ShareButton({ text, deadline }: { text: string; deadline: number }) {
  const make = useMakeLink()
  const [open, setOpen] = useState(false)
  const [copied, setCopied] = useState(false)
  const share = () => {
    setCopied(false)
    make.mutate({ query: text, deadline_s: deadline }, { onSuccess: ({ id }) => void copyText(linkAddress(window.location.origin, id)).then(setCopied) })
  }
  return (
    <>
      <Button appearance="subtle" icon={<ShareRegular />} disabled={!text.trim()} onClick={() => { setOpen(true); share() }}>Share</Button>
      <Dialog open={open} onOpenChange={(_, data) => setOpen(data.open)}>
        <DialogSurface>
          <DialogBody>
            <DialogTitle>Share this query</DialogTitle>
            <DialogContent className="stack">
              <p role="status">{make.isPending ? 'Making the link…' : make.data && (copied ? 'The link is copied.' : 'Here is the link.')}</p>
              <ErrorBar what="The link was not made" error={make.error} kept="The text is kept." retry={share} />
              {make.data && (
                <>
                  <CopyLine text={linkAddress(window.location.origin, make.data.id)} label="Link" />
                  <p className="muted small">It opens this text for everybody here who may hunt; each sees the rows of their own devices.</p>
                </>
              )}
            </DialogContent>
            <DialogActions><Button onClick={() => setOpen(false)}>Close</Button></DialogActions>
          </DialogBody>
        </DialogSurface>
      </Dialog>
    </>
  )
}
