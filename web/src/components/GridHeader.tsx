import { ArrowDownFilled, ArrowUpFilled } from '@fluentui/react-icons'
import { type Table, flexRender } from '@tanstack/react-table'
import type { KeyboardEvent } from 'react'

const ARIA = { asc: 'ascending', desc: 'descending' } as const

/** Column heads: a button sorts, the handle at the right edge resizes (arrow keys too). */
export function GridHeader<T>({ table, width }: { table: Table<T>; width: number }) {
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
                aria-sort={sorted ? ARIA[sorted] : header.column.getCanSort() ? 'none' : undefined}
                className={`vgrid-cell head${meta?.align === 'end' ? ' end' : ''}`}
                title={meta?.hint}
              >
                {header.column.getCanSort() ? (
                  <button type="button" className="sorter" onClick={header.column.getToggleSortingHandler()}>
                    <span className="clip">{title}</span>
                    {sorted === 'asc' && <ArrowUpFilled aria-hidden />}
                    {sorted === 'desc' && <ArrowDownFilled aria-hidden />}
                  </button>
                ) : (
                  <span className="clip">{title}</span>
                )}
                {header.column.getCanResize() && (
                  <div
                    role="separator"
                    aria-orientation="vertical"
                    aria-label={`Width of ${header.column.id}`}
                    aria-valuenow={header.getSize()}
                    tabIndex={-1}
                    className="resizer"
                    onMouseDown={header.getResizeHandler()}
                    onTouchStart={header.getResizeHandler()}
                    onDoubleClick={() => header.column.resetSize()}
                    onKeyDown={(event: KeyboardEvent) => {
                      const step = { ArrowRight: 20, ArrowLeft: -20 }[event.key]
                      if (step) table.setColumnSizing((old) => ({ ...old, [header.column.id]: Math.max(60, header.getSize() + step) }))
                    }}
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
