import { useInfiniteQuery } from '@tanstack/react-query'
import { Link, useNavigate, useParams, useSearch } from '@tanstack/react-router'
import type { ColumnDef } from '@tanstack/react-table'
import { useCallback, useEffect, useMemo, useState } from 'react'
import { timelineQuery } from '../../api/queries/devices'
import type { TimelineItem } from '../../api/types'
import { Instant } from '../../components/Instant'
import { ListError } from '../../components/ListError'
import { EmptyState, ErrorState, Loading, Refreshing } from '../../components/states'
import { VirtualGrid } from '../../components/VirtualGrid'
import { useEntry } from '../../lib/entry'
import { formatCount } from '../../lib/format'
import { useNarrow } from '../../lib/hooks'
import { useNextPage } from '../../lib/paging'
import type { TimelineSearch } from '../../lib/search'
import { tableLook } from '../../lib/tables'
import { rangeStart } from '../../lib/time'
import { EventPanel } from './EventPanel'
import { TimelineFilters } from './TimelineFilters'

const COLUMNS: ColumnDef<TimelineItem>[] = [
  { id: 'time', header: 'Time', size: 185, cell: ({ row }) => <Instant at={row.original.Timestamp} millis /> },
  {
    id: 'table',
    header: 'Kind',
    size: 125,
    meta: { wide: true },
    cell: ({ row }) => {
      const look = tableLook(row.original.Table)
      return <span className="state" title={row.original.Table}><span className="state-icon" aria-hidden>{look.icon}</span>{look.label}</span>
    },
  },
  { id: 'action', header: 'Action', size: 165, meta: { wide: true }, cell: ({ row }) => row.original.ActionType },
  {
    id: 'summary',
    header: 'What happened',
    size: 260,
    meta: { grow: 1 },
    cell: ({ row }) => <span title={row.original.Summary}>{row.original.Summary}</span>,
  },
]
const NARROW: ColumnDef<TimelineItem>[] = [
  { ...COLUMNS[0]!, size: 118, cell: ({ row }) => <Instant at={row.original.Timestamp} short /> },
  { ...COLUMNS.at(-1)!, size: 200 },
]

export const eventKey = (item: TimelineItem): string => `${item.Table}:${item.ReportId}:${item.Timestamp}`

/** The open event: among those read, or read by its own instant when the address names an older one. */
function useChosenEvent(deviceId: string, key: string | undefined, items: TimelineItem[], ready: boolean): TimelineItem | undefined {
  const here = items.find((item) => eventKey(item) === key)
  const [table, , ...rest] = (key ?? '').split(':')
  const at = rest.join(':')
  const alone = useInfiniteQuery({
    ...timelineQuery(deviceId, { from: at, to: at, tables: table }),
    enabled: ready && key !== undefined && here === undefined && at !== '',
  })
  return here ?? alone.data?.pages[0]?.items.find((item) => eventKey(item) === key)
}

/** When each entry of the history began to look: Back finds the same rows at the same place. */
const askedAt = new Map<string, Date>()
const MOST_ENTRIES = 100

/** What happened on the machine, newest first. */
export function TimelineTab() {
  const { deviceId } = useParams({ from: '/inside/devices/$deviceId/timeline' })
  const search = useSearch({ from: '/inside/devices/$deviceId/timeline' })
  const navigate = useNavigate({ from: '/devices/$deviceId/timeline' })
  const narrow = useNarrow()
  const entry = useEntry()
  const [asked, setAsked] = useState(() => askedAt.get(entry) ?? new Date())
  useEffect(() => {
    askedAt.set(entry, asked)
    if (askedAt.size > MOST_ENTRIES) askedAt.delete(askedAt.keys().next().value!)
  }, [entry, asked])

  const custom = search.from !== undefined || search.to !== undefined
  const filter = useMemo(
    () => ({
      from: search.from ?? (custom ? undefined : rangeStart(search.range ?? '24h', asked)),
      to: search.to,
      tables: search.tables,
      search: search.search,
    }),
    [search.from, search.to, search.range, search.tables, search.search, custom, asked],
  )
  const list = useInfiniteQuery(timelineQuery(deviceId, filter))
  const items = useMemo(() => list.data?.pages.flatMap((page) => page.items) ?? [], [list.data])
  const change = useCallback(
    (next: Partial<TimelineSearch>) => void navigate({ search: (old) => ({ ...old, ...next }), replace: true }),
    [navigate],
  )
  const onEnd = useNextPage(list)
  const chosen = useChosenEvent(deviceId, search.event, items, list.isSuccess)

  return (
    <>
      <TimelineFilters search={search} onChange={change} onRefresh={() => setAsked(new Date())} />
      <Refreshing active={list.isFetching && !list.isPending} what="events" />
      {items.length > 0 && <ListError list={list} what="events" />}
      {list.isPending ? (
        <Loading what="events" rows={10} />
      ) : list.isError && items.length === 0 ? (
        <ErrorState what="The timeline could not be read" error={list.error} kept="Your filters are kept in the address." retry={() => void list.refetch()} />
      ) : items.length === 0 ? (
        <EmptyState
          title="Nothing was recorded in this time"
          action={<Link className="link" to="." search={{ range: '30d' }}>Look at the last 30 days without filters</Link>}
        >
          The sensor sends what happens within seconds. Widen the time or remove a filter.
        </EmptyState>
      ) : (
        <>
          <VirtualGrid
            label="Timeline"
            columns={narrow ? NARROW : COLUMNS}
            rows={items}
            rowId={eventKey}
            selected={search.event}
            onEnd={onEnd}
            scrollKey={entry}
            resetKey={[asked.getTime(), search.range, search.from, search.to, search.tables, search.search].join()}
            onOpen={(item) => change({ event: eventKey(item) })}
          />
          <p className="muted small">
            {formatCount(items.length)} events read{list.hasNextPage ? '; scroll for older ones' : ', all of this time'}
          </p>
        </>
      )}
      <EventPanel deviceId={deviceId} item={chosen} onClose={() => change({ event: undefined })} />
    </>
  )
}
