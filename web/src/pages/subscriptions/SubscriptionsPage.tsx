import { Button, Switch } from '@fluentui/react-components'
import { CloudRegular } from '@fluentui/react-icons'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useSession } from '../../api/queries/session'
import { enforcementQuery, subscriptionsQuery, useEnforce } from '../../api/queries/usage'
import type { Subscription } from '../../api/types'
import { ConfirmDialog } from '../../components/ConfirmDialog'
import { PageHeader } from '../../components/PageHeader'
import { EmptyState, ErrorState, Loading } from '../../components/states'
import { Component } from './Component'
import { PlansDialog } from './PlansDialog'
import { Plans } from './Plans'
import { formatCount, humanise } from '../../lib/format'

/** Subscriptions with their plans and their endpoint protection. */
export function SubscriptionsPage() {
  const subscriptions = useQuery(subscriptionsQuery)
  const role = useSession().data?.role
  const [changing, setChanging] = useState<Subscription>()
  const here = subscriptions.data?.items.filter((s) => s.state !== 'left') ?? []
  return (
    <div className="page">
      <div className="settings">
        <PageHeader title="Subscriptions" count={subscriptions.data && here.length}>
          A subscription has plans, connectors and a bill of its own; a machine is in one of them.
        </PageHeader>
        {subscriptions.isPending ? (
          <Loading what="subscriptions" />
        ) : !subscriptions.data ? (
          <ErrorState what="The subscriptions could not be read" error={subscriptions.error} kept="Nothing on machines changes." retry={() => void subscriptions.refetch()} />
        ) : here.length === 0 ? (
          <EmptyState icon={<CloudRegular />} title="There is no subscription">
            Make one with <code>palisade subscriptions create</code>, then connect it.
          </EmptyState>
        ) : (
          here.map((s) => (
            <section key={s.id} className="card" aria-label={s.name}>
              <div className="row between wrap">
                <div>
                  <h2 className="card-title break">{s.name}</h2>
                  <div className="muted small">
                    {humanise(s.kind)} · {machines(s)}
                    {s.designated && ' · machines that no connector knows land here'}
                  </div>
                </div>
                {role === 'administrator' && <Button onClick={() => setChanging(s)}>Change plans</Button>}
              </div>
              <div className="cards">
                <Plans of={s} />
                <Component of={s} operate={role !== 'reader'} manage={role === 'administrator'} />
              </div>
            </section>
          ))
        )}
        <Enforcement admin={role === 'administrator'} />
      </div>
      {changing && <PlansDialog of={changing} onClose={() => setChanging(undefined)} />}
    </div>
  )
}

function machines(s: Subscription): string {
  const { healthy, unhealthy, not_applicable, pending } = s.machines
  const all = healthy + unhealthy + not_applicable + pending
  if (all === 0) return 'no machines yet'
  const parts = [[healthy, 'healthy'], [unhealthy, 'unhealthy'], [pending, 'pending'], [not_applicable, 'not applicable']] as const
  const told = parts.filter(([n]) => n > 0).map(([n, word]) => `${formatCount(n)} ${word}`)
  return `${formatCount(all)} ${all === 1 ? 'machine' : 'machines'}: ${told.join(', ')}`
}

/** The tenant's switch; what it does not close is said beside it. */
function Enforcement({ admin }: { admin: boolean }) {
  const enforcement = useQuery(enforcementQuery)
  const enforce = useEnforce()
  const [asking, setAsking] = useState(false)
  if (!enforcement.data) return null
  const on = enforcement.data.enforcement === 'on'
  return (
    <section className="card" aria-label="Enforcement">
      <h2 className="card-title">Enforcement</h2>
      <Switch
        checked={on}
        disabled={!admin || enforce.isPending}
        label={on ? 'Pages need their plan' : 'Every page is open; plans only say what is metered'}
        onChange={() => setAsking(true)}
      />
      <p className="muted">Capture, prevention and the health of devices need no plan, whatever this says.</p>
      <ConfirmDialog
        open={asking}
        title={on ? 'Open every page?' : 'Close pages whose plan is missing?'}
        confirm={on ? 'Open them' : 'Close them'}
        busy={enforce.isPending}
        error={enforce.error}
        onClose={() => { setAsking(false); enforce.reset() }}
        onConfirm={() => enforce.mutate(on ? 'off' : 'on', { onSuccess: () => setAsking(false) })}
      >
        {on
          ? 'Everybody of this tenant sees every page again, whichever plans it has.'
          : 'The security explorer and recommendations on EDR products open only where a subscription has the plan that they need. Nothing on any machine changes.'}
      </ConfirmDialog>
    </section>
  )
}
