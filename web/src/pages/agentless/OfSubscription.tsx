import { Button, Field, Select } from '@fluentui/react-components'
import { useQuery } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { subscriptionAgentlessQuery, useSubscriptionAgentless } from '../../api/queries/agentless'
import type { Subscription } from '../../api/types'
import { ConfirmDialog } from '../../components/ConfirmDialog'
import { ErrorBar } from '../../components/ErrorBar'
import { ReasonDialog } from '../../components/ReasonDialog'
import { Loading } from '../../components/states'
import { formatCount } from '../../lib/format'
import { AgentlessState } from './words'

const EVERY = [4, 6, 8, 12, 24, 48, 72]
const SHOWN = ['done', 'limited', 'failed', 'waiting', 'not_applicable'] as const

/** Agentless scanning of a subscription: whether, how often, and how its machines stand. */
export function AgentlessOfSubscription({ of, manage }: { of: Subscription; manage: boolean }) {
  const found = useQuery(subscriptionAgentlessQuery(of.id))
  const turn = useSubscriptionAgentless()
  const [asking, setAsking] = useState(false)
  const [hours, setHours] = useState<string>()
  const close = () => { setAsking(false); turn.reset() }
  const a = found.data
  const every = hours ?? String(a?.hours ?? 24)
  const choices = [...new Set([...EVERY, a?.hours ?? 24])].sort((x, y) => x - y)
  const often = (event: FormEvent) => {
    event.preventDefault()
    turn.mutate({ id: of.id, on: true, hours: Number(every) }, { onSuccess: () => setHours(undefined) })
  }
  return (
    <section className="card" aria-label="Agentless scanning">
      <h2 className="card-title">Agentless scanning</h2>
      <p className="muted small">Machines without a sensor are looked at over their connector: what is installed, and what is wrong with it. Nothing is left on them.</p>
      {!a ? (
        found.error ? <ErrorBar what="Agentless scanning could not be read" error={found.error} retry={() => void found.refetch()} /> : <Loading what="agentless scanning" rows={2} />
      ) : (
        <>
          <div className="row between wrap">
            <b>{a.on ? `On, every ${a.hours} hours` : 'Off'}</b>
            {manage && <Button size="small" aria-label={`${a.on ? 'Switch off' : 'Switch on'} agentless scanning of ${of.name}`} onClick={() => setAsking(true)}>{a.on ? 'Switch off' : 'Switch on'}</Button>}
          </div>
          {a.on && (
            <ul className="plain-list" aria-label="Machines by scan">
              {SHOWN.filter((state) => a.machines[state] > 0).map((state) => <li key={state}><AgentlessState state={state} /><span className="nums">{formatCount(a.machines[state])}</span></li>)}
            </ul>
          )}
          {a.on && manage && (
            <form className="form-row" onSubmit={often}>
              <Field label="How often">
                <Select size="small" value={every} onChange={(_, d) => setHours(d.value)}>
                  {choices.map((n) => <option key={n} value={n}>Every {n} hours</option>)}
                </Select>
              </Field>
              <Button size="small" type="submit" disabled={turn.isPending || every === String(a.hours)}>Save</Button>
            </form>
          )}
          {!asking && <ErrorBar what="It was not saved" error={turn.error} kept="It goes on as before." />}
        </>
      )}
      {asking && a?.on && (
        <ReasonDialog title={`Switch agentless scanning of ${of.name} off?`} confirm="Switch off" busy={turn.isPending} error={turn.error} onClose={close} onConfirm={(reason) => turn.mutate({ id: of.id, on: false, reason }, { onSuccess: close })}>
          <p>Machines without a sensor are not looked at any more. What was found stays, and grows old.</p>
        </ReasonDialog>
      )}
      <ConfirmDialog open={asking && a?.on === false} title={`Switch agentless scanning of ${of.name} on?`} confirm="Switch on" busy={turn.isPending} error={turn.error} onClose={close} onConfirm={() => turn.mutate({ id: of.id, on: true }, { onSuccess: close })}>
        Every machine of this subscription that a connector reaches and that has no sensor is looked at every {a?.hours ?? 24} hours. Scans only read; nothing is installed.
      </ConfirmDialog>
    </section>
  )
}
