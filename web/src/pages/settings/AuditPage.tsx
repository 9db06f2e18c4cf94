import { CheckmarkCircleFilled, DismissCircleFilled } from '@fluentui/react-icons'
import { useInfiniteQuery } from '@tanstack/react-query'
import type { ColumnDef } from '@tanstack/react-table'
import { useCallback, useMemo, useState } from 'react'
import { auditQuery } from '../../api/queries/settings'
import type { AuditEntry } from '../../api/types'
import { FieldList } from '../../components/FieldList'
import { Instant } from '../../components/Instant'
import { PageHeader } from '../../components/PageHeader'
import { SidePanel } from '../../components/SidePanel'
import { EmptyState, ErrorState, Loading } from '../../components/states'
import { VirtualGrid } from '../../components/VirtualGrid'
import { humanise } from '../../lib/format'
import { useNarrow } from '../../lib/hooks'

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
  const [open, setOpen] = useState<string>()
  const items = useMemo(() => list.data?.pages.flatMap((page) => page.items) ?? [], [list.data])
  const chosen = items.find((entry) => entry.id === open)
  const { fetchNextPage, hasNextPage, isFetchingNextPage } = list
  const onEnd = useCallback(() => {
    if (hasNextPage && !isFetchingNextPage) void fetchNextPage()
  }, [fetchNextPage, hasNextPage, isFetchingNextPage])
  return (
    <div className="page">
      <PageHeader title="Audit" count={list.data?.pages[0]?.total}>Who did what, from where, and how it ended.</PageHeader>
      {list.isPending ? (
        <Loading what="the audit log" rows={10} />
      ) : list.isError && items.length === 0 ? (
        <ErrorState what="The audit log could not be read" error={list.error} kept="It goes on being written." retry={() => void list.refetch()} />
      ) : items.length === 0 ? (
        <EmptyState title="Nothing was done yet" />
      ) : (
        <VirtualGrid label="Audit log" columns={narrow ? NARROW : COLUMNS} rows={items} rowId={(entry) => entry.id} selected={open} onOpen={(entry) => setOpen(entry.id)} onEnd={onEnd} />
      )}
      <SidePanel open={chosen !== undefined} title={chosen?.kind ?? ''} onClose={() => setOpen(undefined)}>
        {chosen && <FieldList fields={Object.entries(chosen)} isInstant={(name) => name === 'at'} />}
      </SidePanel>
    </div>
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
