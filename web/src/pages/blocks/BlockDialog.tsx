import { Button, Dialog, DialogActions, DialogBody, DialogContent, DialogSurface, DialogTitle, Field, Input, Radio, RadioGroup, Select, Textarea } from '@fluentui/react-components'
import { useQuery } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { useCreateBlock } from '../../api/queries/blocks'
import { groupExposuresQuery } from '../../api/queries/vulnerabilities'
import type { NewApplicationBlock } from '../../api/types'
import { ErrorBar } from '../../components/ErrorBar'
import { formatCount } from '../../lib/format'

const DAYS = { '30': '30 days', '90': '90 days', '180': '180 days', '365': 'A year' }

interface Props {
  type: 'recommendation' | 'vulnerability'
  subject: string
  title: string
  devices: number
  onClose: () => void
}

/** Warns of or blocks vulnerable software: where, for how long, and what people read. */
export function BlockDialog({ type, subject, title, devices, onClose }: Props) {
  const create = useCreateBlock()
  const groups = useQuery(groupExposuresQuery).data?.items ?? []
  const [mode, setMode] = useState<NewApplicationBlock['mode']>('warn')
  const [group, setGroup] = useState('')
  const [message, setMessage] = useState('')
  const [note, setNote] = useState('')
  const [days, setDays] = useState('90')
  const [early, setEarly] = useState('')
  const submit = (event: FormEvent) => {
    event.preventDefault()
    create.mutate(
      { subject_type: type, subject, device_group_id: group || null, mode, message: message.trim(), note: note.trim(), days: Number(days), confirm_reason: mode === 'block' ? early.trim() : null },
      { onSuccess: onClose },
    )
  }
  return (
    <Dialog open onOpenChange={(_, data) => !data.open && onClose()}>
      <DialogSurface>
        <form onSubmit={submit}>
          <DialogBody>
            <DialogTitle>Warn or block: {title}</DialogTitle>
            <DialogContent className="stack" tabIndex={0}>
              <p>
                {devices === 1 ? '1 device has' : `${formatCount(devices)} devices have`} a vulnerable version. Sensors never touch what a machine needs to start and to be reached, whatever is chosen here.
                The rule ends by itself once the software is fixed everywhere.
              </p>
              <Field label="What happens">
                <RadioGroup value={mode} onChange={(_, d) => setMode(d.value as NewApplicationBlock['mode'])}>
                  <Radio value="warn" label="Warn: it starts, and every start is reported" />
                  <Radio value="block" label="Block: it does not start" />
                </RadioGroup>
              </Field>
              {mode === 'block' && (
                <Field label="Why without a warning first" required hint="A rule warns for a day before it may block, so that you see who would be hit.">
                  <Textarea value={early} maxLength={500} onChange={(_, d) => setEarly(d.value)} />
                </Field>
              )}
              <Field label="Where it holds">
                <Select value={group} onChange={(_, d) => setGroup(d.value)}>
                  <option value="">On every device</option>
                  {groups.map((g) => <option key={g.id} value={g.id}>{g.name}</option>)}
                </Select>
              </Field>
              <Field label="What people read" hint="At most 200 characters.">
                <Input value={message} maxLength={200} placeholder="Ask IT for the new version" onChange={(_, d) => setMessage(d.value)} />
              </Field>
              <Field label="For how long">
                <Select value={days} onChange={(_, d) => setDays(d.value)}>
                  {Object.entries(DAYS).map(([key, name]) => <option key={key} value={key}>{name}</option>)}
                </Select>
              </Field>
              <Field label="Why" required hint="Kept with the rule and in the audit log.">
                <Textarea value={note} maxLength={1000} onChange={(_, d) => setNote(d.value)} />
              </Field>
              <ErrorBar what="The rule was not made" error={create.error} kept="What you wrote is kept here." />
            </DialogContent>
            <DialogActions>
              <Button onClick={onClose}>Cancel</Button>
              <Button type="submit" appearance="primary" disabled={create.isPending || !note.trim() || (mode === 'block' && !early.trim())}>{mode === 'block' ? 'Block' : 'Warn'}</Button>
            </DialogActions>
          </DialogBody>
        </form>
      </DialogSurface>
    </Dialog>
  )
}
