import { Button, Dialog, DialogActions, DialogBody, DialogContent, DialogSurface, DialogTitle, Field, Textarea } from '@fluentui/react-components'
import { type FormEvent, type ReactNode, useState } from 'react'
import { ErrorBar } from './ErrorBar'

interface Props {
  title: string
  confirm: string
  busy: boolean
  error: unknown
  /** False while something else in the dialog has to be chosen. */
  ready?: boolean
  /** What the reason is kept with. */
  kept?: string
  onConfirm: (reason: string) => void
  onClose: () => void
  children: ReactNode
}

/** Says what a dangerous action will do on which machines, and asks why. Open while it is there. */
export function ReasonDialog({ title, confirm, busy, error, ready = true, kept = 'Kept in the audit log.', onConfirm, onClose, children }: Props) {
  const [reason, setReason] = useState('')
  const submit = (event: FormEvent) => {
    event.preventDefault()
    onConfirm(reason.trim())
  }
  return (
    <Dialog open onOpenChange={(_, data) => !data.open && onClose()}>
      <DialogSurface>
        <form onSubmit={submit}>
          <DialogBody>
            <DialogTitle>{title}</DialogTitle>
            <DialogContent className="stack" tabIndex={0}>
              {children}
              <Field label="Reason" required hint={kept}>
                <Textarea value={reason} maxLength={500} onChange={(_, d) => setReason(d.value)} />
              </Field>
              <ErrorBar what="That did not work" error={error} kept="Your reason is kept here." />
            </DialogContent>
            <DialogActions>
              <Button onClick={onClose}>Cancel</Button>
              <Button type="submit" appearance="primary" disabled={busy || !ready || !reason.trim()}>{confirm}</Button>
            </DialogActions>
          </DialogBody>
        </form>
      </DialogSurface>
    </Dialog>
  )
}
