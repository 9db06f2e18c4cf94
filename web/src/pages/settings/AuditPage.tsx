import { CheckmarkCircleFilled, DismissCircleFilled } from '@fluentui/react-icons'
import { useInfiniteQuery } from '@tanstack/react-query'
import { Link, useNavigate, useSearch } from '@tanstack/react-router'
import type { ColumnDef } from '@tanstack/react-table'
import { useMemo } from 'react'
import { auditQuery } from '../../api/queries/settings'
import type { AuditEntry } from '../../api/types'
import { FieldList } from '../../components/FieldList'
import { Instant } from '../../components/Instant'
import { ListError } from '../../components/ListError'
import { PageHeader } from '../../components/PageHeader'
import { SidePanel } from '../../components/SidePanel'
import { EmptyState, ErrorState, Loading } from '../../components/states'
import { VirtualGrid } from '../../components/VirtualGrid'
import { useEntry } from '../../lib/entry'
import { humanise } from '../../lib/format'
import { useNarrow } from '../../lib/hooks'
import { useNextPage } from '../../lib/paging'

const COLUMNS: ColumnDef<AuditEntry>[] = [
  { id: 'at', header: 'Time', size: 165, cell: ({ row }) => <Instant at={row.original.at} /> },
  { id: 'actor', header: 'Who', size: 170, meta: { grow: 1, wide: true }, cell: ({ row }) => row.original.actor },
  { id: 'kind', header: 'What', size: 170, meta: { grow: 1 }, cell: ({ row }) => row.original.kind },
  { id: 'target', header: 'On', size: 200, meta: { grow: 2, wide: true }, cell: ({ row }) => row.original.target },
  { id: 'outcome', header: 'Outcome', size: 120, meta: { wide: true }, cell: ({ row }) => <Outcome outcome={row.original.outcome} /> },
  { id: 'ip', header: 'From', size: 120, meta: { wide: true }, cell: ({ row }) => row.original.ip_address },
]
const NARROW = COLUMNS.filter((column) => !column.meta?.wide)

/** Everything that people and programs did here, newest first. */
export function AuditPage() {
  const list = useInfiniteQuery(auditQuery)
  const narrow = useNarrow()
  const { open } = useSearch({ from: '/inside/settings/audit' })
  const navigate = useNavigate({ from: '/settings/audit' })
  const setOpen = (id: string | undefined) => void navigate({ search: { open: id }, replace: true })
  const entry = useEntry()
  const items = useMemo(() => list.data?.pages.flatMap((page) => page.items) ?? [], [list.data])
  const chosen = items.find((one) => one.id === open)
  const onEnd = useNextPage(list)
  return (
    <div className="page">
      <PageHeader title="Audit" count={list.data?.pages[0]?.total}>Who did what, from where, and how it ended.</PageHeader>
      {items.length > 0 && <ListError list={list} what="entries" />}
      {list.isPending ? (
        <Loading what="the audit log" rows={10} />
      ) : list.isError && items.length === 0 ? (
        <ErrorState what="The audit log could not be read" error={list.error} kept="It goes on being written." retry={() => void list.refetch()} />
      ) : items.length === 0 ? (
        <EmptyState title="Nothing was done yet" />
      ) : (
        <VirtualGrid label="Audit log" columns={narrow ? NARROW : COLUMNS} rows={items} rowId={(one) => one.id} selected={open} onOpen={(one) => setOpen(one.id)} onEnd={onEnd} scrollKey={entry} />
      )}
      <SidePanel open={chosen !== undefined} title={chosen?.kind ?? ''} onClose={() => setOpen(undefined)} actions={chosen && <Related entry={chosen} />}>
        {chosen && <FieldList key={chosen.id} fields={Object.entries(chosen).map(([name, value]) => [humanise(name), value])} isInstant={(name) => name === 'At'} />}
      </SidePanel>
    </div>
  )
}

const DEVICE_ID = /^[0-9a-f]{40}$/

/** What the entry is about, one click away. */
function Related({ entry }: { entry: AuditEntry }) {
  const query = (entry.details as { query?: unknown } | null)?.query
  return (
    <>
      {DEVICE_ID.test(entry.target) && <Link className="link" to="/devices/$deviceId/orders" params={{ deviceId: entry.target }}>The device and its orders</Link>}
      {typeof query === 'string' && <Link className="link" to="/hunting" search={{ q: query }}>Its query in hunting</Link>}
    </>
  )
}

function Outcome({ outcome }: { outcome: string }) {
  const good = outcome === 'success'
  return (
    <span className={`state ${good ? 'good' : 'bad'}`}>
      <span className="state-icon" aria-hidden>{good ? <CheckmarkCircleFilled /> : <DismissCircleFilled />}</span>
      {humanise(outcome)}
    </span>
  )
}
