import { Button, Field, Input, Select } from '@fluentui/react-components'
import { useQuery } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { thresholdsQuery, useSetThresholds } from '../../api/queries/health'
import { useMay } from '../../api/queries/session'
import type { HealthThresholds } from '../../api/types'
import { ErrorBar } from '../../components/ErrorBar'
import { ErrorState, Loading } from '../../components/states'
import { formatSeconds, joinSeconds, splitSeconds, UNIT_NAMES, type Unit } from '../../lib/duration'

type Timed = Exclude<keyof HealthThresholds, 'restarts_per_hour'>

/** The contract lets one be left out; it is told always. */
const timeOf = (of: HealthThresholds, key: Timed): number => of[key] ?? 0

const TIMES: [Timed, string, string][] = [
  ['late', 'Heartbeat late', 'A notice; the machine stays healthy. A sensor sends one a minute.'],
  ['lost', 'Heartbeat lost', 'The machine is unhealthy. The server’s own outages are taken out of every silence.'],
  ['inactive', 'Inactive', 'A machine that was not heard for longer counts as given up.'],
  ['first_event', 'First event', 'A new sensor that gives none within this time is unhealthy.'],
  ['no_events', 'No events', 'A sensor that gives none for longer is unhealthy, whatever its heartbeat says.'],
  ['loss_shown', 'Loss of events', 'How long a loss is held against the machine.'],
  ['content_old', 'Content out of date', 'Detection content that is older.'],
  ['look_again', 'Look again', 'A machine that its preflight refused is looked at again after no longer a pause.'],
]

/** What counts as wrong, for the whole tenant. */
export function Thresholds() {
  const set = useQuery(thresholdsQuery)
  const may = useMay('estate.manage')
  if (!set.data) {
    return set.error ? <ErrorState what="The thresholds could not be read" error={set.error} kept="They hold as they are." retry={() => void set.refetch()} /> : <Loading what="the thresholds" />
  }
  if (!may) {
    return (
      <dl className="fields form-column" aria-label="Thresholds">
        {TIMES.map(([key, label, what]) => <div key={key} className="field"><dt>{label}</dt><dd><span>{formatSeconds(timeOf(set.data, key))}<div className="muted small">{what}</div></span></dd></div>)}
        <div className="field"><dt>Restarts in an hour</dt><dd>{set.data.restarts_per_hour}</dd></div>
      </dl>
    )
  }
  return <ThresholdForm key={JSON.stringify(set.data)} of={set.data} />
}

function ThresholdForm({ of }: { of: HealthThresholds }) {
  const begun = () => Object.fromEntries(TIMES.map(([key]) => [key, { amount: String(splitSeconds(timeOf(of, key)).amount), unit: splitSeconds(timeOf(of, key)).unit }])) as Record<Timed, { amount: string; unit: Unit }>
  const [times, setTimes] = useState(begun)
  const [restarts, setRestarts] = useState(String(of.restarts_per_hour))
  const save = useSetThresholds()
  const seconds = Object.fromEntries(TIMES.map(([key]) => [key, joinSeconds(times[key].amount, times[key].unit)])) as Record<Timed, number | undefined>
  const count = /^\d{1,4}$/.test(restarts) ? Number(restarts) : 0
  const good = count > 0 && Object.values(seconds).every((s) => s !== undefined)
  const body = { ...(seconds as Record<Timed, number>), restarts_per_hour: count }
  const changed = good && JSON.stringify(Object.entries(body).sort()) !== JSON.stringify(Object.entries(of).sort())
  const submit = (event: FormEvent) => {
    event.preventDefault()
    if (good) save.mutate(body)
  }
  return (
    <form className="form-column" aria-label="Thresholds" onSubmit={submit}>
      <p className="muted">They hold for every machine of this tenant, from the next time that it is judged.</p>
      {TIMES.map(([key, label, what]) => (
        <div key={key} className="threshold" role="group" aria-label={label}>
          <div><b>{label}</b><div className="muted small">{what}</div></div>
          <Field validationState={seconds[key] ? 'none' : 'error'} validationMessage={seconds[key] ? undefined : 'A whole number'}>
            <Input aria-label={`${label}: how long`} inputMode="numeric" value={times[key].amount} onChange={(_, d) => setTimes({ ...times, [key]: { ...times[key], amount: d.value } })} />
          </Field>
          <Select aria-label={`${label}: unit`} value={times[key].unit} onChange={(_, d) => setTimes({ ...times, [key]: { ...times[key], unit: d.value as Unit } })}>
            {UNIT_NAMES.map((unit) => <option key={unit} value={unit}>{unit}</option>)}
          </Select>
        </div>
      ))}
      <div className="threshold" role="group" aria-label="Restarts">
        <div><b>Too many restarts</b><div className="muted small">Starts of the sensor within an hour.</div></div>
        <Field validationState={count > 0 ? 'none' : 'error'} validationMessage={count > 0 ? undefined : '1 to 1000'}>
          <Input aria-label="Restarts: how many" inputMode="numeric" value={restarts} onChange={(_, d) => setRestarts(d.value)} />
        </Field>
        <span className="muted">in an hour</span>
      </div>
      <ErrorBar what="The thresholds were not saved" error={save.error} kept="What you typed is kept here; the saved ones hold." />
      <div className="row">
        <Button type="submit" appearance="primary" disabled={!changed || save.isPending}>Save</Button>
        <Button disabled={!changed && good} onClick={() => { setTimes(begun()); setRestarts(String(of.restarts_per_hour)); save.reset() }}>Undo</Button>
      </div>
    </form>
  )
}
