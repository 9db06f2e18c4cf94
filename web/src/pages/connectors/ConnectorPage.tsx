import { CounterBadge, Tab, TabList } from '@fluentui/react-components'
import { useQuery } from '@tanstack/react-query'
import { Link, useNavigate, useParams, useSearch } from '@tanstack/react-router'
import { asApiError } from '../../api/errors'
import { connectorQuery } from '../../api/queries/connectors'
import { EmptyState, ErrorState, Loading } from '../../components/states'
import type { ConnectorSearch } from '../../lib/search'
import '../../components/estate.css'
import { ConnectorHeader } from './ConnectorHeader'
import { ConnectorSettings } from './ConnectorSettings'
import { DryRun } from './DryRun'
import { HostKeys } from './HostKeys'
import { Overview } from './Overview'

type TabKey = NonNullable<ConnectorSearch['tab']>

/** One connector: how it works, whose host keys it has seen, what a roll-out would do, and its settings. */
export function ConnectorPage() {
  const { connectorId } = useParams({ from: '/inside/connectors/$connectorId' })
  const { tab: wanted = 'overview', plan } = useSearch({ from: '/inside/connectors/$connectorId' })
  const navigate = useNavigate({ from: '/connectors/$connectorId' })
  const connector = useQuery(connectorQuery(connectorId))
  if (!connector.data) {
    return (
      <div className="page">
        {connector.isError && asApiError(connector.error).status === 404 ? (
          <EmptyState title="There is no such connector" action={<Link className="link" to="/connectors">All connectors</Link>}>The address is wrong.</EmptyState>
        ) : connector.isError ? (
          <ErrorState what="The connector could not be read" error={connector.error} kept="Its machines are served all the same." retry={() => void connector.refetch()} />
        ) : (
          <Loading what="the connector" />
        )}
      </div>
    )
  }
  const c = connector.data
  const tabs: [TabKey, string, number][] = [['overview', 'Overview', 0], ['plan', 'Dry run', 0], ['settings', 'Settings', 0]]
  if (c.kind === 'ssh') tabs.splice(1, 0, ['keys', 'Host keys', c.keys_waiting])
  const tab = tabs.some(([key]) => key === wanted) ? wanted : 'overview'
  const go = (change: ConnectorSearch) => void navigate({ search: (old) => ({ ...old, ...change }) })
  return (
    <div className="page">
      <ConnectorHeader connector={c} />
      <TabList aria-label="Views of the connector" selectedValue={tab} onTabSelect={(_, d) => go({ tab: d.value === 'overview' ? undefined : (d.value as TabKey), plan: undefined })}>
        {tabs.map(([key, label, count]) => (
          <Tab key={key} value={key}>{label}{count > 0 && <>&nbsp;<CounterBadge size="small" count={count} /></>}</Tab>
        ))}
      </TabList>
      <div className="settings">
        {tab === 'overview' && <Overview connector={c} />}
        {tab === 'keys' && <HostKeys connector={c} />}
        {tab === 'plan' && <DryRun connector={c} part={plan} onPart={(part) => go({ plan: part })} />}
        {tab === 'settings' && <ConnectorSettings key={c.id} connector={c} />}
      </div>
    </div>
  )
}
