import type { ResultColumn } from '../../api/types'
import { cellText } from '../../lib/format'

const FIXED: Record<string, number> = { datetime: 180, bool: 80, guid: 290 }
const LETTER = 7
const PADDING = 26

/** A width that shows most of the first rows, between 80 and 420 pixels. */
export function columnWidth(column: ResultColumn, rows: unknown[][], index: number): number {
  const head = column.name.length * (LETTER + 0.6) + PADDING
  const fixed = FIXED[column.type]
  if (fixed) return Math.max(fixed, head)
  const longest = rows.slice(0, 60).reduce((most, row) => Math.max(most, cellText(row[index]).length), 0)
  return Math.round(Math.min(420, Math.max(80, head, longest * LETTER + PADDING)))
}
