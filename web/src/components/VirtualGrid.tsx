import { type ColumnDef, type OnChangeFn, type RowData, type SortingState, type VisibilityState, getCoreRowModel, getSortedRowModel, useReactTable } from '@tanstack/react-table'
import { defaultRangeExtractor, useVirtualizer } from '@tanstack/react-virtual'
import { type FocusEvent, type KeyboardEvent, type MouseEvent, useEffect, useRef, useState } from 'react'
import { GridHeader } from './GridHeader'
import { GridRow } from './GridRow'
import { copyText } from '../lib/clipboard'
import { useColumnsInSight } from './useColumnsInSight'
import './grid.css'

declare module '@tanstack/react-table' {
  // eslint-style names are fixed by the library's declaration.
  interface ColumnMeta<TData extends RowData, TValue> {
    /** Share of the room that is left; 0 or absent keeps the width. */
    grow?: number
    align?: 'end'
    /** Dropped first when the page is narrow. */
    wide?: boolean
    mono?: boolean
    /** What the header says on hover. */
    hint?: string
  }
}

interface Props<T> {
  label: string
  columns: ColumnDef<T>[]
  rows: T[]
  rowId: (row: T, index: number) => string
  onOpen?: (row: T, newTab: boolean) => void
  /** Space on a row. */
  onMark?: (row: T) => void
  selected?: string
  sorting?: SortingState
  onSorting?: OnChangeFn<SortingState>
  /** The server sorts; the grid only shows the order. */
  serverSorted?: boolean
  resizable?: boolean
  rowHeight?: number
  onEnd?: () => void
  /** Names the scroll position, so that Back returns to it. */
  scrollKey?: string
  /** Another order or filter shows its own first rows. */
  resetKey?: string
  rowText?: (row: T) => string
  /** Rows on the server, where more are read while scrolling. */
  total?: number
  /** false hides the column of this id. */
  visibility?: VisibilityState
}

const offsets = new Map<string, number>()
/** Positions that are remembered at most. */
const MOST_OFFSETS = 200

/** A dense table of any length: virtual rows, one tab stop, arrow keys, Enter opens. */
export function VirtualGrid<T>(props: Props<T>) {
  const { label, columns, rows, rowId, onOpen, selected, onEnd, scrollKey, rowHeight = 34 } = props
  const scroller = useRef<HTMLDivElement>(null)
  const [active, setActive] = useState(0)
  const moved = useRef(false)

  const table = useReactTable({
    data: rows,
    columns,
    getRowId: rowId,
    state: { ...(props.sorting && { sorting: props.sorting }), ...(props.visibility && { columnVisibility: props.visibility }) },
    onSortingChange: props.onSorting,
    manualSorting: props.serverSorted ?? false,
    enableSorting: props.onSorting !== undefined,
    enableColumnResizing: props.resizable ?? false,
    columnResizeMode: 'onChange',
    getCoreRowModel: getCoreRowModel(),
    getSortedRowModel: getSortedRowModel(),
    defaultColumn: { minSize: 60, sortDescFirst: false },
  })
  const model = table.getRowModel().rows
  const current = Math.min(active, Math.max(0, model.length - 1))
  const virtual = useVirtualizer({
    count: model.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowHeight,
    overscan: 12,
    // Rows scroll under the sticky header.
    scrollPaddingStart: rowHeight,
    initialOffset: () => (scrollKey ? (offsets.get(scrollKey) ?? 0) : 0),
    // The active row stays in the page, so that Tab always finds it.
    rangeExtractor: (range) => [...new Set([...defaultRangeExtractor(range), current])].filter((i) => i < model.length).sort((a, b) => a - b),
  })
  const items = virtual.getVirtualItems()

  const shownKey = useRef(props.resetKey)
  useEffect(() => {
    if (shownKey.current === props.resetKey) return
    shownKey.current = props.resetKey
    setActive(0)
    virtual.scrollToOffset(0)
  }, [props.resetKey, virtual])

  const last = items.at(-1)?.index ?? 0
  useEffect(() => {
    if (onEnd && model.length > 0 && last >= model.length - 30) onEnd()
  }, [last, model.length, onEnd])

  useEffect(() => {
    if (!moved.current) return
    moved.current = false
    scroller.current?.querySelector<HTMLElement>(`[data-index="${current}"]`)?.focus({ preventScroll: true })
  })

  const move = (index: number) => {
    const next = Math.max(0, Math.min(model.length - 1, index))
    moved.current = true
    setActive(next)
    virtual.scrollToIndex(next)
  }
  const indexOf = (target: EventTarget) => {
    const row = (target as HTMLElement).closest<HTMLElement>('[data-index]')
    return row ? Number(row.dataset.index) : undefined
  }
  const onKey = (event: KeyboardEvent<HTMLElement>) => {
    const index = indexOf(event.target)
    if (index === undefined || !(event.target as HTMLElement).matches('[data-index]')) return
    const page = Math.max(1, Math.floor((scroller.current?.clientHeight ?? 0) / rowHeight) - 2)
    const step: Record<string, number> = { ArrowDown: index + 1, ArrowUp: index - 1, PageDown: index + page, PageUp: index - page, Home: 0, End: model.length - 1 }
    const row = model[index]!.original
    if (event.key in step) move(step[event.key]!)
    else if (event.key === ' ' && props.onMark) props.onMark(row)
    else if (event.key === 'Enter' && onOpen) onOpen(row, event.ctrlKey || event.metaKey)
    else if (event.key === 'c' && (event.ctrlKey || event.metaKey) && props.rowText && !String(window.getSelection())) {
      void copyText(props.rowText(row))
    } else return
    event.preventDefault()
  }
  const onClick = (event: MouseEvent<HTMLElement>) => {
    const index = indexOf(event.target)
    if (index === undefined) return
    setActive(index)
    // A link or button inside the row answers for itself; marking text opens nothing.
    if ((event.target as HTMLElement).closest('a,button,input,label') || String(window.getSelection())) return
    onOpen?.(model[index]!.original, event.ctrlKey || event.metaKey)
  }
  const onFocus = (event: FocusEvent<HTMLElement>) => {
    const index = indexOf(event.target)
    if (index !== undefined) setActive(index)
  }

  const visible = table.getVisibleLeafColumns()
  const template = visible
    .map((c) => (c.columnDef.meta?.grow ? `minmax(${c.getSize()}px, ${c.columnDef.meta.grow}fr)` : `${c.getSize()}px`))
    .join(' ')
  const shownIds = visible.map((c) => c.id).join()
  const sight = useColumnsInSight(scroller, visible.map((c) => c.getSize()))
  const width = visible.reduce((sum, c) => sum + c.getSize(), 0)

  return (
    <div
      ref={scroller}
      role="grid"
      aria-label={label}
      aria-rowcount={(props.total ?? model.length) + 1}
      aria-colcount={visible.length}
      className="vgrid"
      style={{ ['--cols' as string]: template, ['--row' as string]: `${rowHeight}px` }}
      onScroll={(event) => {
        if (scrollKey) keepOffset(scrollKey, event.currentTarget.scrollTop)
        sight.follow()
      }}
    >
      <GridHeader table={table} width={width} version={JSON.stringify([table.getState().sorting, table.getState().columnSizing, shownIds])} />
      <div
        role="rowgroup"
        className="vgrid-body"
        style={{ height: virtual.getTotalSize(), minWidth: width }}
        onKeyDown={onKey}
        onClick={onClick}
        onFocus={onFocus}
      >
        {items.map((item) => {
          const row = model[item.index]!
          return (
            <GridRow
              key={row.id}
              row={row}
              index={item.index}
              start={item.start}
              current={item.index === current}
              selected={row.id === selected}
              opens={onOpen !== undefined}
              columns={shownIds}
              from={sight.from}
              to={sight.to}
            />
          )
        })}
      </div>
    </div>
  )
}

function keepOffset(key: string, top: number): void {
  offsets.delete(key)
  offsets.set(key, top)
  if (offsets.size > MOST_OFFSETS) offsets.delete(offsets.keys().next().value!)
}
