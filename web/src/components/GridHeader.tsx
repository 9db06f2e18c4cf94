import { ArrowDownFilled, ArrowUpFilled } from '@fluentui/react-icons'
import { type Column, type Table, flexRender } from '@tanstack/react-table'
import { type KeyboardEvent, memo } from 'react'

const ARIA = { asc: 'ascending', desc: 'descending' } as const

interface Props<T> {
  table: Table<T>
  width: number
  /** Sorting, sizes and visible columns as text: the head is drawn again only when it changes. */
  version: string
}

function GridHeaderView<T>({ table, width }: Props<T>) {
  return (
    <div role="rowgroup" className="vgrid-head" style={{ minWidth: width }}>
      {table.getHeaderGroups().map((group) => (
        <div key={group.id} role="row" aria-rowindex={1} className="vgrid-row head">
          {group.headers.map((header) => {
            const sorted = header.column.getIsSorted()
            const title = flexRender(header.column.columnDef.header, header.getContext())
            const meta = header.column.columnDef.meta
            return (
              <div
                key={header.id}
                role="columnheader"
                aria-colindex={header.index + 1}
                aria-sort={sorted ? ARIA[sorted] : header.column.getCanSort() ? 'none' : undefined}
                className={`vgrid-cell head${meta?.align === 'end' ? ' end' : ''}`}
                title={meta?.hint}
              >
                {header.column.getCanSort() ? (
                  <button type="button" className="sorter" onClick={header.column.getToggleSortingHandler()} onKeyDown={(event) => resizeByKey(table, header.column, event)}>
                    <span className="clip">{title}</span>
                    {sorted === 'asc' && <ArrowUpFilled aria-hidden />}
                    {sorted === 'desc' && <ArrowDownFilled aria-hidden />}
                  </button>
                ) : (
                  <span className="clip">{title}</span>
                )}
                {header.column.getCanResize() && (
                  <div
                    aria-hidden
                    className="resizer"
                    onMouseDown={header.getResizeHandler()}
                    onTouchStart={header.getResizeHandler()}
                    onDoubleClick={() => header.column.resetSize()}
                  />
                )}
              </div>
            )
          })}
        </div>
      ))}
    </div>
  )
}

/** Column heads: a button sorts, the right edge resizes by mouse, Alt and an arrow key by keyboard. */
export const GridHeader = memo(GridHeaderView) as typeof GridHeaderView

function resizeByKey<T>(table: Table<T>, column: Column<T>, event: KeyboardEvent): void {
  const step = { ArrowRight: 20, ArrowLeft: -20 }[event.key]
  if (!step || !event.altKey || !column.getCanResize()) return
  event.preventDefault()
  table.setColumnSizing((old) => ({ ...old, [column.id]: Math.max(60, column.getSize() + step) }))
}
