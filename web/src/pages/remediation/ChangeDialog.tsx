import { Button, Dialog, DialogActions, DialogBody, DialogContent, DialogSurface, DialogTitle, Field, Input, Select, Textarea } from '@fluentui/react-components'
import { type FormEvent, useState } from 'react'
import { useChangeRemediation } from '../../api/queries/remediations'
import type { Remediation } from '../../api/types'
import { ErrorBar } from '../../components/ErrorBar'
import { toLocalInput } from '../../lib/time'
import { dueOf } from './runDraft'
import { PRIORITY_WORDS } from './words'

/** Changes who sees to it, until when, and how much it matters. */
export function ChangeDialog({ of, onClose }: { of: Remediation; onClose: () => void }) {
  const change = useChangeRemediation()
  const before = toLocalInput(of.due_at ?? undefined).slice(0, 10)
  const [owner, setOwner] = useState(of.owner)
  const [day, setDay] = useState(before)
  const [priority, setPriority] = useState(of.priority)
  const [note, setNote] = useState(of.note)
  const submit = (event: FormEvent) => {
    event.preventDefault()
    // A day that stays keeps its hour.
    const due_at = day === before ? of.due_at : (dueOf(day) ?? null)
    change.mutate({ id: of.id, owner: owner.trim(), due_at, priority, note: note.trim() }, { onSuccess: onClose })
  }
  return (
    <Dialog open onOpenChange={(_, data) => !data.open && onClose()}>
      <DialogSurface>
        <form onSubmit={submit}>
          <DialogBody>
            <DialogTitle>Change: {of.title}</DialogTitle>
            <DialogContent className="stack" tabIndex={0}>
              <Field label="Owner" required><Input value={owner} maxLength={200} onChange={(_, d) => setOwner(d.value)} /></Field>
              <Field label="Due" hint="By the end of the day."><Input type="date" value={day} onChange={(_, d) => setDay(d.value)} /></Field>
              <Field label="Priority">
                <Select value={priority} onChange={(_, d) => setPriority(d.value)}>
                  {Object.entries(PRIORITY_WORDS).map(([key, word]) => <option key={key} value={key}>{word}</option>)}
                </Select>
              </Field>
              <Field label="Note"><Textarea value={note} maxLength={1000} onChange={(_, d) => setNote(d.value)} /></Field>
              <ErrorBar what="It was not changed" error={change.error} kept="What you entered is kept here." />
            </DialogContent>
            <DialogActions>
              <Button onClick={onClose}>Cancel</Button>
              <Button type="submit" appearance="primary" disabled={change.isPending || !owner.trim()}>Save</Button>
            </DialogActions>
          </DialogBody>
        </form>
      </DialogSurface>
    </Dialog>
  )
}
