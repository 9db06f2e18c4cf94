/** What the explorer answers, as far as the page reads it; the server's document leaves it open. */
export interface ExploreNode {
  type: string
  key: string
  name: string
}
export interface ExploreCell {
  matched: boolean
  total?: number
  nodes?: ExploreNode[]
  values?: Record<string, unknown>
}
export interface ExploreRow {
  node: ExploreNode
  subscription?: { key: string; name: string }
  cells: ExploreCell[]
}

export function rowsOf(rows: unknown): ExploreRow[] {
  return Array.isArray(rows) ? (rows as ExploreRow[]) : []
}

export function columnsOf(columns: unknown): string[] {
  return Array.isArray(columns) ? columns.map((c: { title?: string }) => c.title ?? '') : []
}

/** The names that a cell lists, with how many more there are; or what an insight says. */
export function cellText(cell: ExploreCell): string {
  const names = (cell.nodes ?? []).map((n) => n.name)
  if (names.length > 0) {
    const more = (cell.total ?? names.length) - names.length
    return more > 0 ? `${names.join(', ')} and ${more} more` : names.join(', ')
  }
  const values = Object.entries(cell.values ?? {})
  if (values.length > 0) return values.map(([name, value]) => `${name.replaceAll('_', ' ')}: ${String(value)}`).join(', ')
  return cell.matched ? 'yes' : 'no'
}
