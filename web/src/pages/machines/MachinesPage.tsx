import { Button } from '@fluentui/react-components'
import { ArrowDownloadRegular, ServerRegular } from '@fluentui/react-icons'
import { useInfiniteQuery, useMutation, useQuery } from '@tanstack/react-query'
import { Link, useNavigate, useSearch } from '@tanstack/react-router'
import type { SortingState } from '@tanstack/react-table'
import { useCallback, useMemo } from 'react'
import { machineQuery, machinesQuery, type MachinesAsked } from '../../api/queries/estate'
import { useMay } from '../../api/queries/session'
import { ColumnMenu } from '../../components/ColumnMenu'
import { ErrorBar } from '../../components/ErrorBar'
import { ListError } from '../../components/ListError'
import { PageHeader } from '../../components/PageHeader'
import { EmptyState, ErrorState, Loading, Refreshing } from '../../components/states'
import { VirtualGrid } from '../../components/VirtualGrid'
import { useHiddenColumns } from '../../lib/columns'
import { useEntry } from '../../lib/entry'
import { useNarrow } from '../../lib/hooks'
import { useNextPage } from '../../lib/paging'
import type { MachineSort, MachinesSearch } from '../../lib/search'
import { BulkBar } from './BulkBar'
import { machineColumns, OPTIONAL } from './columns'
import { exportMachines } from './exportMachines'
import { isFiltered, MachineFilters } from './MachineFilters'
import { MachinePanel } from './MachinePanel'
import { SelectionProvider, useSelection } from './selection'

/** Every machine of the estate, with or without a sensor; every state of the page is in its URL. */
export function MachinesPage() {
  return <SelectionProvider><Machines /></SelectionProvider>
}

function Machines() {
  const { panel, ...asked } = useSearch({ from: '/inside/machines' })
  const navigate = useNavigate({ from: '/machines' })
  const narrow = useNarrow()
  const operates = useMay('machines.operate')
  const { toggle } = useSelection()
  const [visibility, show] = useHiddenColumns('machines')
  const list = useInfiniteQuery(machinesQuery(asked))
  const machines = useMemo(() => list.data?.pages.flatMap((page) => page.items) ?? [], [list.data])
  const total = list.data?.pages[0]?.total
  const change = useCallback(
    (next: Partial<MachinesSearch>) => void navigate({ search: (old) => ({ ...old, ...next }), replace: true }),
    [navigate],
  )
  const sorting: SortingState = useMemo(() => [{ id: asked.sort ?? 'name', desc: asked.order === 'desc' }], [asked.sort, asked.order])
  const onEnd = useNextPage(list)
  const entry = useEntry()
  const columns = useMemo(() => machineColumns(narrow, operates), [narrow, operates])
  const listed = machines.find((m) => m.id === panel)
  // A link may name a machine that is further down than what was read.
  const alone = useQuery({ ...machineQuery(panel ?? ''), enabled: list.isSuccess && panel !== undefined && !listed })
  return (
    <div className="page">
      <PageHeader
        title="Machines"
        count={total}
        actions={!narrow && <><Export asked={asked} /><ColumnMenu columns={OPTIONAL} hidden={visibility} onShow={show} /></>}
      />
      <MachineFilters search={asked} onChange={change} />
      <BulkBar machines={machines} />
      <Refreshing active={list.isFetching && !list.isPending} what="machines" />
      {machines.length > 0 && <ListError list={list} what="machines" />}
      {list.isPending ? (
        <Loading what="machines" rows={10} />
      ) : list.isError && machines.length === 0 ? (
        <ErrorState what="The machines could not be read" error={list.error} kept="Their sensors go on; your filters are kept in the address." retry={() => void list.refetch()} />
      ) : machines.length === 0 ? (
        <Nothing filtered={isFiltered(asked)} />
      ) : (
        <VirtualGrid
          label="Machines"
          columns={columns}
          rows={machines}
          total={total}
          rowId={(m) => m.id}
          selected={panel}
          sorting={sorting}
          onSorting={(update) => {
            const next = (typeof update === 'function' ? update(sorting) : update)[0]
            change({ sort: next?.id as MachineSort | undefined, order: next?.desc ? 'desc' : undefined })
          }}
          serverSorted
          visibility={narrow ? undefined : visibility}
          rowHeight={40}
          onEnd={onEnd}
          scrollKey={entry}
          resetKey={JSON.stringify(asked)}
          onMark={operates ? (m) => toggle(m.id) : undefined}
          onOpen={(m, newTab) => (newTab ? window.open(`/machines/${m.id}`, '_blank', 'noopener') : change({ panel: m.id }))}
        />
      )}
      <MachinePanel machine={listed ?? (panel ? alone.data : undefined)} onClose={() => change({ panel: undefined })} />
    </div>
  )
}

function Export({ asked }: { asked: MachinesAsked }) {
  const saved = useMutation({ mutationFn: () => exportMachines(asked) })
  return (
    <>
      <ErrorBar what="The file was not made" error={saved.error} />
      <Button appearance="subtle" icon={<ArrowDownloadRegular />} disabled={saved.isPending} onClick={() => saved.mutate()}>CSV</Button>
    </>
  )
}

/** Nothing fits, or there is nothing yet: then the next step. */
function Nothing({ filtered }: { filtered: boolean }) {
  const manages = useMay('estate.manage')
  return filtered ? (
    <EmptyState title="No machine matches" action={<Link className="link" to="/machines" search={{}}>Clear the filters</Link>}>
      No machine of this tenant has all of these properties.
    </EmptyState>
  ) : (
    <EmptyState
      icon={<ServerRegular />}
      title="No machine is known yet"
      action={manages ? <Link className="link" to="/estate">Connect machines</Link> : undefined}
    >
      A machine appears when a connector lists it, or when a sensor enrols from it.
    </EmptyState>
  )
}
