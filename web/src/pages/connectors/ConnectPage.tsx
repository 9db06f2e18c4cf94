import { useQuery } from '@tanstack/react-query'
import { Link, useParams, useSearch } from '@tanstack/react-router'
import { useMay } from '../../api/queries/session'
import { subscriptionsQuery } from '../../api/queries/usage'
import { PageHeader } from '../../components/PageHeader'
import { EmptyState, ErrorState, Loading } from '../../components/states'
import { CONNECTOR_KINDS } from '../../lib/search'
import '../../components/estate.css'
import { NewConnectorForm } from './NewConnectorForm'
import { OnboardForm } from './OnboardForm'
import { KINDS } from './words'

/** How the machines of a subscription shall come: a way is chosen, then its form is filled in. */
export function ConnectPage() {
  const { subscriptionId } = useParams({ from: '/inside/estate/$subscriptionId/connect' })
  const { kind } = useSearch({ from: '/inside/estate/$subscriptionId/connect' })
  const subscriptions = useQuery(subscriptionsQuery)
  const manages = useMay('estate.manage')
  const invites = useMay('enrolment.manage')
  if (subscriptions.isPending) return <div className="page"><Loading what="the subscription" /></div>
  if (!subscriptions.data) return <div className="page"><ErrorState what="The subscription could not be read" error={subscriptions.error} retry={() => void subscriptions.refetch()} /></div>
  const found = subscriptions.data.items.find((s) => s.id === subscriptionId)
  if (!found) return <div className="page"><EmptyState title="There is no such subscription" action={<Link className="link" to="/estate">Environment settings</Link>}>It may have been moved to another tenant.</EmptyState></div>
  const kinds = CONNECTOR_KINDS.filter((key) => (key === 'ssh' || key === 'aws' ? manages : invites))
  return (
    <div className="page">
      <div className="settings">
        <nav className="crumbs" aria-label="Where you are">
          <Link className="link" to="/estate">Environment settings</Link> /{' '}
          <Link className="link" to="/estate/$subscriptionId" params={{ subscriptionId }} search={{ tab: 'connectors' }}>{found.name}</Link> / Connect machines
        </nav>
        <PageHeader title="Connect machines">How shall the machines of {found.name} be found and get their sensor?</PageHeader>
        {kinds.length === 0 ? (
          <EmptyState title="This needs an administrator">Ask an administrator of this tenant to connect machines.</EmptyState>
        ) : (
          <nav className="kind-cards" aria-label="Ways to connect">
            {kinds.map((key) => (
              <Link key={key} className="kind-card" to="/estate/$subscriptionId/connect" params={{ subscriptionId }} search={{ kind: key }} replace>
                <b>{KINDS[key].name}</b>
                <span className="muted small">{KINDS[key].what}</span>
              </Link>
            ))}
          </nav>
        )}
        {kind && kinds.includes(kind) && (
          <section className="card" aria-label={KINDS[kind].name}>
            <h2 className="card-title">{KINDS[kind].name}</h2>
            {kind === 'ssh' || kind === 'aws' ? <NewConnectorForm key={kind} kind={kind} subscription={subscriptionId} /> : <OnboardForm key={kind} form={kind} subscription={subscriptionId} />}
          </section>
        )}
      </div>
    </div>
  )
}
