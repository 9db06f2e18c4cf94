import { saveFile, toCsv } from './export'

/** The most rows of a file. */
const MOST = 50_000

/** Every row that a list has, as CSV; for lists of which the server makes no file. `read` gives the page at a cursor. */
export async function exportPages<T>(name: string, fields: readonly (keyof T & string)[], read: (cursor: string | undefined) => Promise<{ items: T[]; next_cursor: string | null }>): Promise<void> {
  const rows: unknown[][] = []
  let cursor: string | undefined
  do {
    const page = await read(cursor)
    rows.push(...page.items.map((item) => fields.map((field) => item[field])))
    cursor = page.next_cursor ?? undefined
  } while (cursor && rows.length < MOST)
  saveFile(`${name}.csv`, 'text/csv', toCsv(fields.map((field) => ({ name: field, type: 'string' })), rows))
}
