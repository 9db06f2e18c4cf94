import { type Row, flexRender } from '@tanstack/react-table'
import { memo } from 'react'

interface Props<T> {
  row: Row<T>
  index: number
  start: number
  current: boolean
  selected: boolean
  opens: boolean
  /** The visible columns' ids: a change draws the row again. */
  columns: string
  /** First and last column that are in sight. */
  from: number
  to: number
}

function GridRowView<T>({ row, index, start, current, selected, opens, from, to }: Props<T>) {
  return (
    <div
      role="row"
      data-index={index}
      aria-rowindex={index + 2}
      aria-selected={selected}
      tabIndex={current ? 0 : -1}
      className={`vgrid-row${opens ? ' opens' : ''}`}
      style={{ transform: `translateY(${start}px)` }}
    >
      {row.getVisibleCells().slice(from, to + 1).map((cell, i) => {
        const meta = cell.column.columnDef.meta
        return (
          <div key={cell.id} role="gridcell" aria-colindex={from + i + 1} style={{ gridColumn: from + i + 1 }} className={`vgrid-cell${meta?.align === 'end' ? ' end' : ''}${meta?.mono ? ' mono' : ''}`}>
            {flexRender(cell.column.columnDef.cell, cell.getContext())}
          </div>
        )
      })}
    </div>
  )
}

/** One row; drawn again only when it changes, so that wide tables scroll smoothly. */
export const GridRow = memo(GridRowView) as typeof GridRowView
