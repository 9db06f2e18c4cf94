import { Link } from '@tanstack/react-router'
import type { ColumnDef } from '@tanstack/react-table'
import { type Column, type FoundNode, type Row, cellText, columnTitles, pageOf } from '../../lib/explore/answer'
import type { Language } from '../../lib/explore/language'

/** A node's name; a link where it has a page. */
export function NodeName({ node, inGrid = false }: { node: FoundNode; inGrid?: boolean }) {
  const page = pageOf(node)
  const name = node.name || node.key
  if (!page) return <>{name}</>
  // In a grid the row is the one stop of the keyboard.
  return <Link className="link" tabIndex={inGrid ? -1 : undefined} to={page.to} params={page.params}>{name}</Link>
}

/** What is found, where it belongs, and a column for each branch of the question. */
export function resultColumns(columns: Column[], language: Language, narrow: boolean): ColumnDef<Row>[] {
  const titles = columnTitles(columns)
  const branches: ColumnDef<Row>[] = columns.map((column, i) => ({
    id: `${i}`,
    header: titles[i],
    size: narrow ? 150 : 200,
    meta: { grow: 2, hint: titles[i] },
    cell: ({ row }) => {
      const cell = row.original.cells[i]
      const text = cell ? cellText(cell, column.kind === 'insight' ? language.insight(column.name) : undefined) : ''
      return text ? <span title={text}>{text}</span> : <span className="muted">no</span>
    },
  }))
  const name: ColumnDef<Row> = { id: 'name', header: 'Name', size: narrow ? 150 : 200, meta: { grow: 2 }, cell: ({ row }) => <span title={row.original.node.name}><NodeName node={row.original.node} inGrid /></span> }
  if (narrow) return [name, ...branches]
  const type: ColumnDef<Row> = { id: 'type', header: 'Type', size: 150, cell: ({ row }) => language.typeTitle(row.original.node.type) }
  const subscription: ColumnDef<Row> = { id: 'subscription', header: 'Subscription', size: 150, meta: { grow: 1 }, cell: ({ row }) => row.original.subscription?.name ?? '' }
  return [type, name, subscription, ...branches]
}
