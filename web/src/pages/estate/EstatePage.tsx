import { Button } from '@fluentui/react-components'
import { CloudRegular } from '@fluentui/react-icons'
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import { useMay } from '../../api/queries/session'
import { subscriptionsQuery } from '../../api/queries/usage'
import type { Subscription } from '../../api/types'
import { ErrorBar } from '../../components/ErrorBar'
import { PageHeader } from '../../components/PageHeader'
import { EmptyState, ErrorState, Loading } from '../../components/states'
import { Component } from '../subscriptions/Component'
import { Plans } from '../subscriptions/Plans'
import { PlansDialog } from '../subscriptions/PlansDialog'
import { SUBSCRIPTION_KINDS } from '../subscriptions/planText'
import { Enforcement } from './Enforcement'
import { MachineCounts } from './MachineCounts'
import { NewSubscription } from './NewSubscription'

/** Environment settings: subscriptions with their machines, plans, and endpoint protection. */
export function EstatePage() {
  const subscriptions = useQuery(subscriptionsQuery)
  const [operates, manages, plans] = [useMay('estate.operate'), useMay('estate.manage'), useMay('plans.manage')]
  const [changing, setChanging] = useState<Subscription>()
  const [making, setMaking] = useState(false)
  const here = subscriptions.data?.items.filter((s) => s.state !== 'left') ?? []
  const make = manages && <Button appearance="primary" onClick={() => setMaking(true)}>New subscription</Button>
  return (
    <div className="page">
      <div className="settings">
        <PageHeader title="Environment settings" count={subscriptions.data && here.length} actions={make}>
          A subscription has plans, connectors and a bill of its own; a machine is in one of them.
        </PageHeader>
        {subscriptions.data && <ErrorBar what="The subscriptions could not be read again" error={subscriptions.error} kept="What you see may be old." retry={() => void subscriptions.refetch()} />}
        {subscriptions.isPending ? (
          <Loading what="subscriptions" />
        ) : !subscriptions.data ? (
          <ErrorState what="The subscriptions could not be read" error={subscriptions.error} kept="Nothing on machines changes." retry={() => void subscriptions.refetch()} />
        ) : here.length === 0 ? (
          <EmptyState icon={<CloudRegular />} title="There is no subscription" action={make}>
            Make one, then connect its machines.
          </EmptyState>
        ) : (
          here.map((s) => (
            <section key={s.id} className="card" aria-label={s.name}>
              <div className="row between wrap">
                <div>
                  <h2 className="card-title break"><Link className="link" to="/estate/$subscriptionId" params={{ subscriptionId: s.id }}>{s.name}</Link></h2>
                  <div className="muted small">
                    {SUBSCRIPTION_KINDS[s.kind] ?? s.kind}{s.state === 'leaving' && ' · is being moved to another tenant'}
                    {s.designated && ' · machines that no connector knows land here'}
                  </div>
                </div>
                <div className="row wrap">
                  {plans && <Button onClick={() => setChanging(s)}>Change plans</Button>}
                  {manages && <Link className="link" to="/estate/$subscriptionId/connect" params={{ subscriptionId: s.id }} aria-label={`Connect machines of ${s.name}`}>Connect machines</Link>}
                </div>
              </div>
              <MachineCounts of={s} />
              <div className="cards">
                <Plans of={s} />
                <Component of={s} operate={operates} manage={manages} />
              </div>
            </section>
          ))
        )}
        <Enforcement admin={plans} />
      </div>
      {changing && <PlansDialog of={changing} onClose={() => setChanging(undefined)} />}
      {making && <NewSubscription onClose={() => setMaking(false)} />}
    </div>
  )
}
