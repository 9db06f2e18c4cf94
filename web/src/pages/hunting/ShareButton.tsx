import { Button, Popover, PopoverSurface, PopoverTrigger } from '@fluentui/react-components'
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
    <Popover open={open} trapFocus onOpenChange={(_, data) => { setOpen(data.open); if (data.open) share() }}>
      <PopoverTrigger disableButtonEnhancement>
        <Button appearance="subtle" icon={<ShareRegular />} disabled={!text.trim()}>Share</Button>
      </PopoverTrigger>
      <PopoverSurface className="share" aria-label="Share this query">
        {make.isPending && <p role="status">Making the link…</p>}
        <ErrorBar what="The link was not made" error={make.error} kept="The text is kept." retry={share} />
        {make.data && (
          <>
            <p role="status">{copied ? 'The link is copied.' : 'Here is the link.'} It opens this text for everybody here who may hunt; each sees the rows of their own devices.</p>
            <CopyLine text={linkAddress(window.location.origin, make.data.id)} label="Link" />
          </>
        )}
      </PopoverSurface>
    </Popover>
  )
}
