import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { Link, useNavigate, useSearch } from '@tanstack/react-router'
import type { SortingState } from '@tanstack/react-table'
import { useCallback, useMemo } from 'react'
import { deviceQuery, devicesQuery } from '../../api/queries/devices'
import { ColumnMenu } from '../../components/ColumnMenu'
import { ListError } from '../../components/ListError'
import { PageHeader } from '../../components/PageHeader'
import { EmptyState, ErrorState, Loading, Refreshing } from '../../components/states'
import { VirtualGrid } from '../../components/VirtualGrid'
import { useHiddenColumns } from '../../lib/columns'
import { useEntry } from '../../lib/entry'
import { useNarrow } from '../../lib/hooks'
import { useNextPage } from '../../lib/paging'
import type { DeviceSort, DevicesSearch } from '../../lib/search'
import { OPTIONAL, deviceColumns } from './columns'
import { DeviceFilters } from './DeviceFilters'
import { DevicePanel } from './DevicePanel'
import { NoDevices } from './NoDevices'

/** All machines of the tenant; every state of the page is in its URL. */
export function DevicesPage() {
  const search = useSearch({ from: '/inside/devices' })
  const navigate = useNavigate({ from: '/devices' })
  const narrow = useNarrow()
  const [visibility, show] = useHiddenColumns('devices')
  const list = useInfiniteQuery(devicesQuery(search))
  const devices = useMemo(() => list.data?.pages.flatMap((page) => page.items) ?? [], [list.data])
  const total = list.data?.pages[0]?.total
  const filtered = Boolean(search.search || search.health || search.os || search.group || search.onboarding)

  const change = useCallback(
    (next: Partial<DevicesSearch>, push = false) => void navigate({ search: (old) => ({ ...old, ...next }), replace: !push }),
    [navigate],
  )
  const sorting: SortingState = useMemo(
    () => [{ id: search.sort ?? 'name', desc: search.order === 'desc' }],
    [search.sort, search.order],
  )
  const onEnd = useNextPage(list)
  const entry = useEntry()
  const listed = devices.find((device) => device.id === search.panel)
  // A link may name a machine that is further down than what was read.
  const alone = useQuery({ ...deviceQuery(search.panel ?? ''), enabled: list.isSuccess && search.panel !== undefined && !listed })
  const selected = listed ?? (search.panel ? alone.data : undefined)

  return (
    <div className="page">
      <PageHeader title="Devices" count={total} actions={!narrow && <ColumnMenu columns={OPTIONAL} hidden={visibility} onShow={show} />} />
      <DeviceFilters search={search} devices={devices} onChange={change} />
      <Refreshing active={list.isFetching && !list.isPending} what="devices" />
      {devices.length > 0 && <ListError list={list} what="devices" />}
      {list.isPending ? (
        <Loading what="devices" rows={10} />
      ) : list.isError && devices.length === 0 ? (
        <ErrorState what="The devices could not be read" error={list.error} kept="Your filters are kept in the address." retry={() => void list.refetch()} />
      ) : devices.length === 0 ? (
        filtered ? (
          <EmptyState
            title="No device matches"
            action={<Link className="link" to="/devices" search={{}}>Clear the filters</Link>}
          >
            No machine of this tenant has all of these properties.
          </EmptyState>
        ) : (
          <NoDevices />
        )
      ) : (
        <VirtualGrid
          label="Devices"
          columns={deviceColumns(narrow)}
          rows={devices}
          total={total}
          rowId={(device) => device.id}
          selected={search.panel}
          sorting={sorting}
          onSorting={(update) => {
            const next = (typeof update === 'function' ? update(sorting) : update)[0]
            change({ sort: next?.id as DeviceSort | undefined, order: next?.desc ? 'desc' : undefined })
          }}
          serverSorted
          visibility={narrow ? undefined : visibility}
          rowHeight={40}
          onEnd={onEnd}
          scrollKey={entry}
          resetKey={[search.search, search.health, search.os, search.group, search.onboarding, search.sort, search.order].join()}
          onOpen={(device, newTab) =>
            newTab ? window.open(`/devices/${device.id}`, '_blank', 'noopener') : change({ panel: device.id })
          }
        />
      )}
      <DevicePanel device={selected} onClose={() => change({ panel: undefined })} />
    </div>
  )
}
