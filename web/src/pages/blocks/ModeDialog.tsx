import { Button, Dialog, DialogActions, DialogBody, DialogContent, DialogSurface, DialogTitle, Field, Textarea } from '@fluentui/react-components'
import { type FormEvent, useState } from 'react'
import { useBlockMode } from '../../api/queries/blocks'
import type { ApplicationBlock } from '../../api/types'
import { ErrorBar } from '../../components/ErrorBar'
import { Instant } from '../../components/Instant'
import { counted } from '../../lib/format'
import { useNow } from '../../lib/hooks'
import { mayBlock } from './words'

/** From warning to blocking, and back. */
export function ModeDialog({ of: r, onClose }: { of: ApplicationBlock; onClose: () => void }) {
  const turn = useBlockMode()
  const now = useNow()
  const [reason, setReason] = useState('')
  const block = r.mode === 'warn'
  const early = block && !mayBlock(r, now)
  const submit = (event: FormEvent) => {
    event.preventDefault()
    turn.mutate({ id: r.id, mode: block ? 'block' : 'warn', confirm_reason: early ? reason.trim() : null }, { onSuccess: onClose })
  }
  return (
    <Dialog open onOpenChange={(_, data) => !data.open && onClose()}>
      <DialogSurface>
        <form onSubmit={submit}>
          <DialogBody>
            <DialogTitle>{block ? 'Block' : 'Warn of'} {r.title}?</DialogTitle>
            <DialogContent className="stack" tabIndex={0}>
              <p>
                {block
                  ? `It does not start any more on ${counted(r.devices.affected, 'device that has', 'devices that have')} it. What runs already goes on until it ends.`
                  : 'It starts again everywhere at the next contact. Starts are reported.'}
              </p>
              {early && (
                <>
                  <p>A rule warns for a day first, so that you see who would be hit. This one may block <Instant at={r.block_possible_at} show="age" />; earlier it needs a reason.</p>
                  <Field label="Why so early" required hint="Kept with the rule and in the audit log.">
                    <Textarea value={reason} maxLength={500} onChange={(_, d) => setReason(d.value)} />
                  </Field>
                </>
              )}
              <ErrorBar what="The rule was not changed" error={turn.error} kept="It holds as it was." />
            </DialogContent>
            <DialogActions>
              <Button onClick={onClose}>Cancel</Button>
              <Button type="submit" appearance="primary" disabled={turn.isPending || (early && !reason.trim())}>{block ? 'Block' : 'Warn only'}</Button>
            </DialogActions>
          </DialogBody>
        </form>
      </DialogSurface>
    </Dialog>
  )
}
