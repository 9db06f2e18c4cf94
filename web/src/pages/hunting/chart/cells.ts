import { isNumeric, timespanSeconds } from '../../../lib/compare'
import { cellText } from '../../../lib/format'
import { parseInstant } from '../../../lib/time'

/** A cell as a number that can be drawn, or null: timespans count in seconds, a bool as 0 or 1. */
export function numberOf(type: string, value: unknown): number | null {
  if (value === null || value === undefined || value === '') return null
  if (type === 'timespan') return finite(timespanSeconds(String(value)))
  if (typeof value === 'boolean') return Number(value)
  if (typeof value === 'number') return finite(value)
  // A decimal comes as a text, so that no digit is lost.
  if (typeof value === 'string' && (isNumeric(type) || type === 'dynamic')) return finite(Number(value))
  return null
}

const finite = (n: number): number | null => (Number.isFinite(n) ? n : null)

/** A cell as milliseconds since 1970, or null. */
export function instantOf(value: unknown): number | null {
  return typeof value === 'string' ? (parseInstant(value)?.getTime() ?? null) : null
}

/** What a series or a category without a name is called. */
export const NO_NAME = '(empty)'

export function labelOf(value: unknown): string {
  return cellText(value) || NO_NAME
}

/** A dynamic cell as an array: `make-series` and `make_list` give them. */
export function arrayOf(value: unknown): unknown[] | undefined {
  if (Array.isArray(value)) return value
  if (typeof value !== 'string' || !value.startsWith('[')) return undefined
  try {
    const parsed: unknown = JSON.parse(value)
    return Array.isArray(parsed) ? parsed : undefined
  } catch {
    return undefined
  }
}

const ISO = /^\d{4}-\d{2}-\d{2}T/

/** What the first array of a column holds; undefined where there is none. */
export function arrayKind(rows: unknown[][], column: number): 'time' | 'number' | 'text' | undefined {
  for (const row of rows) {
    const sample = arrayOf(row[column])?.find((one) => one !== null)
    if (sample === undefined) continue
    if (typeof sample === 'string' && ISO.test(sample) && instantOf(sample) !== null) return 'time'
    return typeof sample === 'number' || typeof sample === 'boolean' ? 'number' : 'text'
  }
  return undefined
}
