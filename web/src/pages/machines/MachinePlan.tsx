import { Button, Field, Radio, RadioGroup } from '@fluentui/react-components'
import { type FormEvent, useState } from 'react'
import { useMay } from '../../api/queries/session'
import { useMachinePlan } from '../../api/queries/verbs'
import type { Machine } from '../../api/types'
import { ErrorBar } from '../../components/ErrorBar'

const CHOICES: [string, string, string][] = [
  ['inherit', 'inherit', 'What its subscription has'],
  ['plan_one', 'servers_p1', 'Servers Plan 1, whatever its subscription has'],
  ['off', 'off', 'No Servers plan'],
]

/** What is decided about the plan of one machine. */
export function MachinePlan({ machine }: { machine: Machine }) {
  const may = useMay('plans.manage')
  const save = useMachinePlan()
  const [wanted, setWanted] = useState(machine.plan_override)
  if (!may) return null
  const submit = (event: FormEvent) => {
    event.preventDefault()
    const plan = CHOICES.find(([key]) => key === wanted)?.[1]
    if (plan) save.mutate({ id: machine.id, plan })
  }
  return (
    <form className="card" onSubmit={submit} aria-label="Plan of this machine">
      <h2 className="card-title">Plan of this machine</h2>
      <Field label="Servers plan" hint="Plan 2 and Posture are switched on for whole subscriptions only. Sensors, capture, prevention and health go on in any case.">
        <RadioGroup value={wanted} onChange={(_, d) => setWanted(d.value)}>
          {CHOICES.map(([key, , label]) => <Radio key={key} value={key} label={label} />)}
        </RadioGroup>
      </Field>
      <ErrorBar what="The plan was not changed" error={save.error} kept="What you chose is kept here." />
      <div className="row">
        <Button type="submit" appearance="primary" disabled={wanted === machine.plan_override || save.isPending}>Save the plan</Button>
        <Button disabled={wanted === machine.plan_override} onClick={() => setWanted(machine.plan_override)}>Undo</Button>
      </div>
    </form>
  )
}
