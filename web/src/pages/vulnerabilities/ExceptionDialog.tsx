import { Button, Dialog, DialogActions, DialogBody, DialogContent, DialogSurface, DialogTitle, Field, Select, Textarea } from '@fluentui/react-components'
import { useQuery } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { groupExposuresQuery, useCreateException } from '../../api/queries/vulnerabilities'
import type { NewVulnerabilityException } from '../../api/types'
import { ErrorBar } from '../../components/ErrorBar'
import { justificationEffect, JUSTIFICATIONS, type JustificationKey } from './words'

const DAYS = { '30': '30 days', '90': '90 days', '180': '180 days', '365': 'A year' }

interface Props {
  type: NewVulnerabilityException['subject_type']
  subject: string
  title: string
  onClose: () => void
}

/** Leaves something as it is: where, why, how long, and what that does to the exposure. */
export function ExceptionDialog({ type, subject, title, onClose }: Props) {
  const create = useCreateException()
  const groups = useQuery(groupExposuresQuery).data?.items ?? []
  const [group, setGroup] = useState('')
  const [why, setWhy] = useState<JustificationKey>('risk_accepted')
  const [days, setDays] = useState('90')
  const [note, setNote] = useState('')
  const forGood = why === 'inaccurate' && days === ''
  const submit = (event: FormEvent) => {
    event.preventDefault()
    create.mutate(
      { subject_type: type, subject, device_group_id: group || null, justification: why, note: note.trim(), days: forGood ? null : Number(days || '90') },
      { onSuccess: onClose },
    )
  }
  return (
    <Dialog open onOpenChange={(_, data) => !data.open && onClose()}>
      <DialogSurface>
        <form onSubmit={submit}>
          <DialogBody>
            <DialogTitle>Exception: {title}</DialogTitle>
            <DialogContent className="stack" tabIndex={0}>
              <p>Nothing changes on any machine. The finding stays visible, marked as excepted.</p>
              <Field label="Where it holds">
                <Select value={group} onChange={(_, d) => setGroup(d.value)}>
                  <option value="">On every device</option>
                  {groups.map((g) => <option key={g.id} value={g.id}>{g.name}</option>)}
                </Select>
              </Field>
              <Field label="Justification" hint={justificationEffect(why, type)}>
                <Select value={why} onChange={(_, d) => setWhy(d.value as JustificationKey)}>
                  {Object.entries(JUSTIFICATIONS).map(([key, { title: name }]) => <option key={key} value={key}>{name}</option>)}
                </Select>
              </Field>
              <Field label="For how long">
                <Select value={days} onChange={(_, d) => setDays(d.value)}>
                  {Object.entries(DAYS).map(([key, name]) => <option key={key} value={key}>{name}</option>)}
                  {why === 'inaccurate' && <option value="">For good</option>}
                </Select>
              </Field>
              <Field label="Why" required hint="Kept with the exception and in the audit log.">
                <Textarea value={note} maxLength={1000} onChange={(_, d) => setNote(d.value)} />
              </Field>
              <ErrorBar what="The exception was not made" error={create.error} kept="What you wrote is kept here." />
            </DialogContent>
            <DialogActions>
              <Button onClick={onClose}>Cancel</Button>
              <Button type="submit" appearance="primary" disabled={create.isPending || !note.trim()}>Make the exception</Button>
            </DialogActions>
          </DialogBody>
        </form>
      </DialogSurface>
    </Dialog>
  )
}
