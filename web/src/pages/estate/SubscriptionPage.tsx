import { Button, Tab, TabList } from '@fluentui/react-components'
import { PlugConnectedRegular } from '@fluentui/react-icons'
import { useQuery } from '@tanstack/react-query'
import { Link, useNavigate, useParams, useSearch } from '@tanstack/react-router'
import { useState } from 'react'
import { connectorsQuery } from '../../api/queries/connectors'
import { useMay } from '../../api/queries/session'
import { subscriptionsQuery } from '../../api/queries/usage'
import type { Subscription } from '../../api/types'
import { ErrorBar } from '../../components/ErrorBar'
import { Instant } from '../../components/Instant'
import { PageHeader } from '../../components/PageHeader'
import { EmptyState, ErrorState, Loading } from '../../components/states'
import { humanise } from '../../lib/format'
import { AgentlessOfSubscription } from '../agentless/OfSubscription'
import { ConnectorTable } from '../connectors/ConnectorTable'
import { Component } from '../subscriptions/Component'
import { Plans } from '../subscriptions/Plans'
import { PlansDialog } from '../subscriptions/PlansDialog'
import { SUBSCRIPTION_KINDS } from '../subscriptions/planText'
import { Invitations } from './Invitations'
import { MachineCounts } from './MachineCounts'
import { RolloutNote } from './RolloutNote'
import { SubscriptionSettings } from './SubscriptionSettings'

const TABS = { overview: 'Overview', connectors: 'Connectors', settings: 'Settings' } as const
type TabKey = keyof typeof TABS

/** One subscription: how its machines are, how they come, and what holds for them. */
export function SubscriptionPage() {
  const { subscriptionId } = useParams({ from: '/inside/estate/$subscriptionId' })
  const { tab = 'overview' } = useSearch({ from: '/inside/estate/$subscriptionId' })
  const navigate = useNavigate({ from: '/estate/$subscriptionId' })
  const subscriptions = useQuery(subscriptionsQuery)
  const manages = useMay('estate.manage')
  if (subscriptions.isPending) return <div className="page"><Loading what="the subscription" /></div>
  if (!subscriptions.data) return <div className="page"><ErrorState what="The subscription could not be read" error={subscriptions.error} kept="Nothing on machines changes." retry={() => void subscriptions.refetch()} /></div>
  const s = subscriptions.data.items.find((item) => item.id === subscriptionId)
  if (!s) return <div className="page"><EmptyState title="There is no such subscription" action={<Link className="link" to="/estate">Environment settings</Link>}>It may have been moved to another tenant.</EmptyState></div>
  return (
    <div className="page">
      <div className="device-head">
        <nav className="crumbs" aria-label="Where you are"><Link className="link" to="/estate">Environment settings</Link> / {s.name}</nav>
        <PageHeader
          title={s.name}
          actions={manages && (
            <Button appearance="primary" icon={<PlugConnectedRegular />} onClick={() => void navigate({ to: '/estate/$subscriptionId/connect', params: { subscriptionId } })}>Connect machines</Button>
          )}
        >
          {SUBSCRIPTION_KINDS[s.kind] ?? s.kind}{s.external_id && ` · ${s.external_id}`} · made <Instant at={s.created_at} show="age" />
          {s.designated && ' · machines that no connector knows land here'}
          {s.state !== 'active' && ` · ${humanise(s.state).toLowerCase()}`}
        </PageHeader>
      </div>
      <TabList aria-label="Views of the subscription" selectedValue={tab} onTabSelect={(_, d) => void navigate({ search: { tab: d.value === 'overview' ? undefined : (d.value as TabKey) } })}>
        {Object.entries(TABS).map(([key, label]) => <Tab key={key} value={key}>{label}</Tab>)}
      </TabList>
      <div className="settings">
        {tab === 'overview' && <Overview of={s} />}
        {tab === 'connectors' && <Connectors of={s} />}
        {tab === 'settings' && <SubscriptionSettings key={s.id} of={s} />}
      </div>
    </div>
  )
}

function Overview({ of }: { of: Subscription }) {
  const [operates, manages, plans] = [useMay('estate.operate'), useMay('estate.manage'), useMay('plans.manage')]
  const [changing, setChanging] = useState(false)
  return (
    <>
      <RolloutNote subscription={of.id} />
      <section className="card" aria-label="Machines"><h2 className="card-title">Machines</h2><MachineCounts of={of} /></section>
      <div className="cards">
        <section className="card" aria-label="Endpoint protection"><h2 className="card-title">Components</h2><Component of={of} operate={operates} manage={manages} /></section>
        <section className="card" aria-label="Plans">
          <h2 className="card-title">Plans</h2>
          <Plans of={of} />
          {plans && <div><Button size="small" onClick={() => setChanging(true)}>Change plans</Button></div>}
        </section>
        <AgentlessOfSubscription of={of} manage={manages} />
      </div>
      {changing && <PlansDialog of={of} onClose={() => setChanging(false)} />}
    </>
  )
}

/** How its machines come: connectors that list them, and invitations by which they come themselves. */
function Connectors({ of }: { of: Subscription }) {
  const connectors = useQuery(connectorsQuery)
  const invites = useMay('enrolment.manage')
  const own = connectors.data?.items.filter((c) => c.subscription_id === of.id) ?? []
  return (
    <>
      {connectors.data && <ErrorBar what="The connectors could not be read again" error={connectors.error} kept="What you see may be old." retry={() => void connectors.refetch()} />}
      {connectors.isPending ? (
        <Loading what="connectors" rows={3} />
      ) : !connectors.data ? (
        <ErrorState what="The connectors could not be read" error={connectors.error} kept="Machines are served all the same." retry={() => void connectors.refetch()} />
      ) : own.length === 0 ? (
        <EmptyState icon={<PlugConnectedRegular />} title="No connector lists its machines" action={<Link className="link" to="/estate/$subscriptionId/connect" params={{ subscriptionId: of.id }}>Connect machines</Link>}>
          By SSH or AWS machines are found and get their sensor by themselves; by a script, a package or user data they come on their own.
        </EmptyState>
      ) : (
        <ConnectorTable connectors={own} />
      )}
      {invites && <Invitations subscription={of.id} designated={of.designated} />}
    </>
  )
}
