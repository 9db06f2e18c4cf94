import { Button, Field, Input, Select, Switch, Textarea } from '@fluentui/react-components'
import { type FormEvent, useState } from 'react'
import { useSaveScheduled } from '../../api/queries/huntingExports'
import type { ScheduledExport } from '../../api/types'
import { ErrorBar } from '../../components/ErrorBar'
import { EVERY, type ExportDraft, formatOf, FORMATS, scheduleWords, timeOf, timesOf, timeText, WEEKDAYS, wholeOf } from './schedule'

/** What is exported, how and when. The query is compiled when it is saved. */
export function ExportForm({ id, draft: first, onSaved, onClose }: { id: string | undefined; draft: ExportDraft; onSaved: (saved: ScheduledExport) => void; onClose: () => void }) {
  const [draft, setDraft] = useState(first)
  const [keep, setKeep] = useState(String(first.keep))
  const [minute, setMinute] = useState(String(first.at_minute))
  const save = useSaveScheduled()
  const set = (next: Partial<ExportDraft>) => setDraft((old) => ({ ...old, ...next }))
  const { every, at_minute, at_hour, on_weekday } = draft
  const times = (next: Partial<{ every: string; minute: number; hour: number; weekday: number }>) =>
    set(timesOf(next.every ?? every, next.minute ?? at_minute, next.hour ?? at_hour ?? 4, next.weekday ?? on_weekday ?? 1))
  const kept = wholeOf(keep, 1, 100)
  const past = wholeOf(minute, 0, 59)
  const ready = draft.name.trim() !== '' && draft.query.trim() !== '' && kept !== undefined && (every !== 'hour' || past !== undefined)
  const submit = (event: FormEvent) => {
    event.preventDefault()
    if (ready) save.mutate({ ...draft, id, name: draft.name.trim(), keep: kept }, { onSuccess: onSaved })
  }
  return (
    <form className="stack" onSubmit={submit}>
      <Field label="Name" required><Input value={draft.name} maxLength={200} onChange={(_, d) => set({ name: d.value })} /></Field>
      <Field label="Query" required hint="Runs with your rights as they are at that time.">
        <Textarea className="mono" rows={8} resize="vertical" spellCheck={false} value={draft.query} onChange={(_, d) => set({ query: d.value })} />
      </Field>
      <div className="form-row">
        <Field label="Format">
          <Select value={draft.format} onChange={(_, d) => set({ format: formatOf(d.value) })}>
            {Object.entries(FORMATS).map(([name, label]) => <option key={name} value={name}>{label}</option>)}
          </Select>
        </Field>
        <Field label="Rhythm">
          <Select value={every} onChange={(_, d) => times({ every: d.value })}>
            {Object.entries(EVERY).map(([name, label]) => <option key={name} value={name}>{label}</option>)}
          </Select>
        </Field>
        {every === 'week' && (
          <Field label="On">
            <Select value={String(on_weekday ?? 1)} onChange={(_, d) => times({ weekday: Number(d.value) })}>
              {WEEKDAYS.map((name, index) => <option key={name} value={index + 1}>{name}</option>)}
            </Select>
          </Field>
        )}
        {every === 'hour' ? (
          <Field label="At minute" validationMessage={past === undefined ? 'From 0 to 59.' : undefined}>
            <Input type="number" min={0} max={59} value={minute} onChange={(_, d) => { setMinute(d.value); const read = wholeOf(d.value, 0, 59); if (read !== undefined) times({ minute: read }) }} />
          </Field>
        ) : (
          <Field label="At (UTC)">
            <Input type="time" value={timeText(at_hour, at_minute)} onChange={(_, d) => { const read = timeOf(d.value); if (read) { times(read); setMinute(String(read.minute)) } }} />
          </Field>
        )}
        <Field label="Runs to keep" validationMessage={kept === undefined ? 'From 1 to 100.' : undefined}>
          <Input type="number" min={1} max={100} value={keep} onChange={(_, d) => setKeep(d.value)} />
        </Field>
      </div>
      <p className="muted small" role="status" aria-label="When it runs">{scheduleWords(draft)}; the newest {kept ?? draft.keep} files are kept on the server.</p>
      <Switch label="Runs by its schedule" checked={draft.enabled} onChange={(_, d) => set({ enabled: d.checked })} />
      <ErrorBar what="The export was not saved" error={save.error} kept="What you wrote is kept here." />
      <div className="row">
        <Button type="submit" appearance="primary" disabled={!ready || save.isPending}>Save</Button>
        <Button onClick={onClose}>Cancel</Button>
      </div>
    </form>
  )
}
