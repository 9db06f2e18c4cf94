import { Button } from '@fluentui/react-components'
import { ArrowDownloadRegular } from '@fluentui/react-icons'
import type { UseInfiniteQueryResult, InfiniteData } from '@tanstack/react-query'
import type { ColumnDef, SortingState, VisibilityState } from '@tanstack/react-table'
import { type ReactNode, useMemo } from 'react'
import { useEntry } from '../lib/entry'
import { useNarrow } from '../lib/hooks'
import { useNextPage } from '../lib/paging'
import { ListError } from './ListError'
import { ErrorState, Loading, Refreshing } from './states'
import { VirtualGrid } from './VirtualGrid'

interface PageOf<T> {
  items: T[]
  total: number
}

export interface Sorted {
  sort?: string
  order?: 'asc' | 'desc'
}

interface Props<T> {
  /** What the rows are, in small letters and the plural. */
  what: string
  list: UseInfiniteQueryResult<InfiniteData<PageOf<T>>>
  columns: ColumnDef<T>[]
  rowId: (row: T) => string
  /** What is shown where there is no row. */
  nothing: ReactNode
  selected?: string
  onOpen?: (row: T) => void
  /** Absent where the server has one order only. */
  sorting?: SortingState
  onSort?: (next: Sorted) => void
  /** Columns that somebody hid. */
  visibility?: VisibilityState
  /** Everything that is asked for: another list starts at its top. */
  asked: unknown
  kept?: string
}

/** The body of a list that the server sorts and pages: waiting, failure, nothing, or rows. */
export function ListBody<T>({ what, list, columns, rowId, nothing, selected, onOpen, sorting, onSort, visibility, asked, kept }: Props<T>) {
  const narrow = useNarrow()
  const onEnd = useNextPage(list)
  const entry = useEntry()
  const rows = useMemo(() => list.data?.pages.flatMap((page) => page.items) ?? [], [list.data])
  const shown = useMemo(() => (narrow ? columns.filter((column) => !column.meta?.wide) : columns), [narrow, columns])
  return (
    <>
      <Refreshing active={list.isFetching && !list.isPending} what={what} />
      {rows.length > 0 && <ListError list={list} what={what} />}
      {list.isPending ? (
        <Loading what={what} rows={10} />
      ) : list.isError && rows.length === 0 ? (
        <ErrorState what={`The ${what} could not be read`} error={list.error} kept={kept} retry={() => void list.refetch()} />
      ) : rows.length === 0 ? (
        nothing
      ) : (
        <VirtualGrid<T>
          label={what.charAt(0).toUpperCase() + what.slice(1)}
          columns={shown}
          rows={rows}
          total={list.data?.pages[0]?.total}
          rowId={rowId}
          selected={selected}
          sorting={sorting}
          onSorting={sorting && onSort && ((update) => {
            const next = (typeof update === 'function' ? update(sorting) : update)[0]
            onSort({ sort: next?.id, order: next ? (next.desc ? 'desc' : 'asc') : undefined })
          })}
          serverSorted
          visibility={narrow ? undefined : visibility}
          rowHeight={40}
          onEnd={onEnd}
          scrollKey={entry}
          resetKey={JSON.stringify(asked)}
          onOpen={onOpen && ((row) => onOpen(row))}
        />
      )}
    </>
  )
}

/** Everything that the filters match, as a file made by the server. */
export function CsvLink({ href }: { href: string }) {
  return <Button as="a" appearance="subtle" icon={<ArrowDownloadRegular />} href={href} download>CSV</Button>
}
