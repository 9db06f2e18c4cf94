import { Switch } from '@fluentui/react-components'
import { PlugConnectedRegular } from '@fluentui/react-icons'
import { useQuery } from '@tanstack/react-query'
import { Link, useNavigate, useSearch } from '@tanstack/react-router'
import { connectorsQuery } from '../../api/queries/connectors'
import { subscriptionsQuery } from '../../api/queries/usage'
import { ErrorBar } from '../../components/ErrorBar'
import { PageHeader } from '../../components/PageHeader'
import { EmptyState, ErrorState, Loading } from '../../components/states'
import { ConnectorTable } from './ConnectorTable'

/** Every way by which machines are found and reached. */
export function ConnectorsPage() {
  const { ended = false } = useSearch({ from: '/inside/connectors' })
  const navigate = useNavigate({ from: '/connectors' })
  const connectors = useQuery(connectorsQuery)
  const subscriptions = useQuery(subscriptionsQuery).data?.items
  const nameOf = (id: string) => subscriptions?.find((s) => s.id === id)?.name ?? id
  const shown = connectors.data?.items.filter((c) => ended || c.state !== 'revoked') ?? []
  const gone = connectors.data?.items.some((c) => c.state === 'revoked')
  return (
    <div className="page">
      <div className="settings">
        <PageHeader title="Connectors" count={connectors.data && shown.length}>
          A connector finds the machines of a subscription, and reaches them to install and repair the sensor.
        </PageHeader>
        {gone && <Switch label="Ended ones too" checked={ended} onChange={(_, d) => void navigate({ search: { ended: d.checked || undefined }, replace: true })} />}
        {connectors.data && <ErrorBar what="The connectors could not be read again" error={connectors.error} kept="What you see may be old." retry={() => void connectors.refetch()} />}
        {connectors.isPending ? (
          <Loading what="connectors" />
        ) : !connectors.data ? (
          <ErrorState what="The connectors could not be read" error={connectors.error} kept="Machines are served all the same." retry={() => void connectors.refetch()} />
        ) : shown.length === 0 ? (
          <EmptyState icon={<PlugConnectedRegular />} title="There is no connector" action={<Link className="link" to="/estate">Choose a subscription to connect</Link>}>
            Machines also come by themselves: by a script, a package or user data.
          </EmptyState>
        ) : (
          <ConnectorTable connectors={shown} subscriptionName={nameOf} />
        )}
      </div>
    </div>
  )
}
