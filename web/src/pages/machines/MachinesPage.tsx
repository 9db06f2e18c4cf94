import { Button, SearchBox, Table, TableBody, TableCell, TableRow, ToggleButton } from '@fluentui/react-components'
import { ServerRegular } from '@fluentui/react-icons'
import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { Link, useNavigate, useSearch } from '@tanstack/react-router'
import { healthSummaryQuery, machinesQuery } from '../../api/queries/estate'
import type { Machine } from '../../api/types'
import { HeadRow } from '../../components/HeadRow'
import { ListError } from '../../components/ListError'
import { PageHeader } from '../../components/PageHeader'
import { StatusBadge, statusLabel } from '../../components/StatusBadge'
import { EmptyState, ErrorState, Loading, Refreshing } from '../../components/states'
import { formatCount } from '../../lib/format'
import { toggleWord, type MachinesSearch } from '../../lib/search'

const STATUSES = ['healthy', 'unhealthy', 'not_applicable', 'pending'] as const

/** Every machine of the estate with its status, and which findings affect most. */
export function MachinesPage() {
  const search = useSearch({ from: '/inside/machines' })
  const navigate = useNavigate({ from: '/machines' })
  const list = useInfiniteQuery(machinesQuery(search))
  const summary = useQuery(healthSummaryQuery)
  const machines = list.data?.pages.flatMap((page) => page.items) ?? []
  const total = list.data?.pages[0]?.total
  const go = (change: Partial<MachinesSearch>) => void navigate({ search: (old) => ({ ...old, ...change }), replace: true })
  const counts = summary.data?.machines
  const findings = summary.data?.findings ?? []
  return (
    <div className="page">
      <div className="settings">
        <PageHeader title="Machines" count={total}>
          What connectors list and what enrolled by itself: healthy, unhealthy with the reason and the fix, or not applicable.
        </PageHeader>
        <div className="row wrap" role="group" aria-label="Status">
          {STATUSES.map((status) => (
            <ToggleButton
              key={status}
              size="small"
              checked={(search.status ?? '').split(',').includes(status)}
              onClick={() => go({ status: toggleWord(search.status, status) })}
            >
              {statusLabel(status)}
              {counts && <> {formatCount(counts[status])}</>}
            </ToggleButton>
          ))}
          <SearchBox
            size="small"
            placeholder="Name, address, tag, identifier"
            aria-label="Search machines"
            value={search.search ?? ''}
            onChange={(_, d) => go({ search: d.value || undefined })}
          />
        </div>
        {findings.length > 0 && (
          <section aria-label="Findings" className="row wrap">
            {findings.slice(0, 8).map((f) => (
              <ToggleButton
                key={f.code}
                size="small"
                appearance="subtle"
                checked={search.finding === f.code}
                title={f.remediation}
                onClick={() => go({ finding: search.finding === f.code ? undefined : f.code })}
              >
                {f.title} <b className="nums">&nbsp;{formatCount(f.machines)}</b>
              </ToggleButton>
            ))}
          </section>
        )}
        <Refreshing active={list.isFetching && !list.isPending} what="machines" />
        <ListError list={list} what="machines" />
        {list.isPending ? (
          <Loading what="machines" />
        ) : !list.data ? (
          <ErrorState what="The machines could not be read" error={list.error} kept="Their sensors go on." retry={() => void list.refetch()} />
        ) : machines.length === 0 ? (
          <EmptyState icon={<ServerRegular />} title="No machine fits">
            A machine appears when a connector lists it (<code>palisade connectors add</code>) or when a sensor enrols from it.
          </EmptyState>
        ) : (
          <div className="settings-table">
            <Table aria-label="Machines" className="wide-table">
              <HeadRow names={['Name', 'Status', 'Subscription', 'System', 'Extension', 'Under way']} />
              <TableBody>{machines.map((m) => <Line key={m.id} machine={m} />)}</TableBody>
            </Table>
          </div>
        )}
        {list.hasNextPage && (
          <Button disabled={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()}>
            Show more of {formatCount(total ?? 0)} machines
          </Button>
        )}
      </div>
    </div>
  )
}

function Line({ machine }: { machine: Machine }) {
  return (
    <TableRow>
      <TableCell>
        <Link to="/machines/$machineId" params={{ machineId: machine.id }} className="link">{machine.name}</Link>
        {machine.addresses.length > 0 && <div className="muted small">{machine.addresses[0]}</div>}
      </TableCell>
      <TableCell><StatusBadge status={machine.status} /></TableCell>
      <TableCell>{machine.subscription}</TableCell>
      <TableCell>{machine.os ? `${machine.os} ${machine.os_version}` : <span className="muted">not known yet</span>}</TableCell>
      <TableCell>{machine.extension}</TableCell>
      <TableCell>{machine.doing}</TableCell>
    </TableRow>
  )
}
