import type { ColumnDef, SortingState } from '@tanstack/react-table'
import { useMemo } from 'react'
import type { HuntingResult } from '../../api/types'
import { VirtualGrid } from '../../components/VirtualGrid'
import { compareCells, isNumeric } from '../../lib/compare'
import { cellText } from '../../lib/format'
import { columnWidth } from './columnWidth'
import { ResultCell } from './ResultCell'

interface Row {
  index: number
  cells: unknown[]
}
interface Props {
  result: HuntingResult
  /** Leaves rows out; their numbers stay. */
  only?: (row: unknown[]) => boolean
  sort: string | undefined
  onSort: (sort: string | undefined) => void
  row: number | undefined
  onRow: (row: number) => void
}

/** Typed rows: virtual, sortable, resizable; the order and the open row are in the address. */
export function ResultGrid({ result, only, sort, onSort, row, onRow }: Props) {
  const rows = useMemo<Row[]>(() => result.rows.map((cells, index) => ({ index, cells })).filter(({ cells }) => !only || only(cells)), [result, only])
  const columns = useMemo<ColumnDef<Row>[]>(
    () =>
      result.schema.map((column, i) => ({
        id: column.name,
        header: column.name,
        accessorFn: (r) => r.cells[i],
        size: columnWidth(column, result.rows, i),
        meta: { hint: `${column.name}: ${column.type}`, align: isNumeric(column.type) ? 'end' : undefined },
        sortingFn: (a, b) => compareCells(column.type, a.original.cells[i], b.original.cells[i]),
        cell: ({ row: r }) => <ResultCell type={column.type} value={r.original.cells[i]} />,
      })),
    [result],
  )
  const sorting = useMemo<SortingState>(() => {
    const [id, order] = (sort ?? '').split(':')
    return id && result.schema.some((c) => c.name === id) ? [{ id, desc: order === 'desc' }] : []
  }, [sort, result])
  return (
    <VirtualGrid
      label="Result"
      columns={columns}
      rows={rows}
      rowId={(r) => String(r.index)}
      selected={row === undefined ? undefined : String(row)}
      sorting={sorting}
      onSorting={(update) => {
        const next = (typeof update === 'function' ? update(sorting) : update)[0]
        onSort(next ? `${next.id}:${next.desc ? 'desc' : 'asc'}` : undefined)
      }}
      resizable
      resetKey={sort ?? ''}
      rowHeight={30}
      onOpen={(r) => onRow(r.index)}
      rowText={(r) => r.cells.map(cellText).join('\t')}
    />
  )
}
