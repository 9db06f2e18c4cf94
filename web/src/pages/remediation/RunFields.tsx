import { Checkbox, Field, Input, Textarea, ToggleButton } from '@fluentui/react-components'
import { type RunDraft, type RunFault, runFaults } from './runDraft'
import { WEEKDAYS, zoneText } from './words'

/** How far sensors may go, and when. */
export function RunFields({ draft, onChange }: { draft: RunDraft; onChange: (draft: RunDraft) => void }) {
  const set = (change: Partial<RunDraft>) => onChange({ ...draft, ...change })
  const faults = runFaults(draft)
  const fault = (name: RunFault) => (faults[name] ? ({ validationState: 'error', validationMessage: faults[name] } as const) : {})
  const turn = (day: number) => set({ weekdays: draft.weekdays.includes(day) ? draft.weekdays.filter((d) => d !== day) : [...draft.weekdays, day] })
  return (
    <>
      <Field label="Machines at once" hint="A machine counts until its inventory shows the fix." {...fault('atOnce')}>
        <Input inputMode="numeric" value={draft.atOnce} onChange={(_, d) => set({ atOnce: d.value })} />
      </Field>
      <Checkbox checked={draft.canary} onChange={(_, d) => set({ canary: d.checked === true })} label="One machine first; the others wait until its inventory shows the fix" />
      {draft.canary && (
        <Field label="Minutes that it has to stand before others follow" {...fault('soak')}>
          <Input inputMode="numeric" value={draft.soak} onChange={(_, d) => set({ soak: d.value })} />
        </Field>
      )}
      <Checkbox checked={draft.windowed} onChange={(_, d) => set({ windowed: d.checked === true })} label="Begin updates in a maintenance window only" />
      {draft.windowed && (
        <>
          <Field label="Days" {...fault('weekdays')}>
            <div className="row wrap" role="group" aria-label="Days of the window">
              {WEEKDAYS.map((day, i) => (
                <ToggleButton key={day} size="small" shape="circular" aria-label={day} checked={draft.weekdays.includes(i)} onClick={() => turn(i)}>{day.slice(0, 3)}</ToggleButton>
              ))}
            </div>
          </Field>
          <div className="form-row">
            <Field label={`Opens at (${zoneText(draft.zone)})`} {...fault('start')}><Input type="time" value={draft.start} onChange={(_, d) => set({ start: d.value })} /></Field>
            <Field label="Minutes that it is open" {...fault('minutes')}><Input inputMode="numeric" value={draft.minutes} onChange={(_, d) => set({ minutes: d.value })} /></Field>
          </div>
        </>
      )}
      <Field label="Packages of the never-touch list that may be updated" hint="One name a line. Sensors leave what a machine needs to start and to be reached alone unless it is named here.">
        <Textarea className="mono" rows={2} value={draft.named} maxLength={4000} onChange={(_, d) => set({ named: d.value })} />
      </Field>
      <p className="muted small">The first failure stops everything that has not begun. No service is restarted and no machine rebooted.</p>
    </>
  )
}
