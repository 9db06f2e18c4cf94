import type { ResultColumn } from '../api/types'
import { cellText } from './format'

// A spreadsheet runs a cell that starts like a formula: an attacker chooses command lines.
const FORMULA = /^[=+\-@\t\r]/

function csvCell(value: unknown): string {
  const text = cellText(value)
  const guarded = typeof value === 'string' && FORMULA.test(text) ? `'${text}` : text
  return /[",\r\n]/.test(guarded) ? `"${guarded.replace(/"/g, '""')}"` : guarded
}

/** Rows as CSV (RFC 4180, CRLF), formula-like text guarded. */
export function toCsv(columns: ResultColumn[], rows: unknown[][]): string {
  const lines = [columns.map((c) => csvCell(c.name)), ...rows.map((row) => row.map(csvCell))]
  return lines.map((line) => line.join(',')).join('\r\n') + '\r\n'
}

/** Rows as an array of objects. */
export function toJson(columns: ResultColumn[], rows: unknown[][]): string {
  return JSON.stringify(rows.map((row) => rowObject(columns, row)), null, 2)
}

export function rowObject(columns: ResultColumn[], row: unknown[]): Record<string, unknown> {
  return Object.fromEntries(columns.map((c, i) => [c.name, row[i]]))
}

/** Has the browser download what the server streams at a path of its own. */
export function download(path: string): void {
  const link = document.createElement('a')
  link.href = path
  link.download = ''
  link.click()
}

/** Hands a text to the browser as a file. */
export function saveFile(name: string, type: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type }))
  const link = document.createElement('a')
  link.href = url
  link.download = name
  link.click()
  // A browser may read a large file only after the click was handled.
  setTimeout(() => URL.revokeObjectURL(url), 60_000)
}
