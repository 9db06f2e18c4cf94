import type { ResultColumn } from '../../../api/types'
import { isNumeric } from '../../../lib/compare'
import { arrayOf, numberOf } from '../chart/cells'
import data from './techniques.json'

const ID = /\bT\d{4}(?:\.\d{3})?\b/g
const ONLY_IDS = /^T\d{4}(?:\.\d{3})?(?:\s*[,;]\s*T\d{4}(?:\.\d{3})?)*$/
/** Rows that are looked at to find out what a column holds. */
const LOOKED_AT = 200

const known = data.techniques as unknown as Record<string, [string, number[]]>

export const TACTICS: readonly string[] = data.tactics
export const ATTACK_VERSION = data.version

/** The identifiers that a cell names, each once: one, several, or an array of them with or without their names. */
export function techniquesOf(value: unknown): string[] {
  const list = arrayOf(value)
  const text = list ? list.map(String).join('\n') : typeof value === 'string' ? value : ''
  return [...new Set(text.match(ID) ?? [])]
}

/** The column of technique identifiers, if there is one. A command line that happens to hold one makes none. */
export function techniqueColumn(columns: ResultColumn[], rows: unknown[][]): number | undefined {
  const found = columns.findIndex(({ name, type }, index) => {
    if (type !== 'string' && type !== 'dynamic') return false
    const filled = rows.slice(0, LOOKED_AT).map((row) => row[index]).filter((value) => value !== null && value !== undefined && value !== '')
    const holds = (value: unknown) => techniquesOf(value).length > 0 && (/technique/i.test(name) || arrayOf(value) !== undefined || ONLY_IDS.test(String(value).trim()))
    const hits = filled.filter(holds).length
    return hits > 0 && hits * 2 >= filled.length
  })
  return found >= 0 ? found : undefined
}

/** The name of a technique as ATT&CK has it; the identifier where it knows none. */
export const techniqueName = (id: string): string => known[id]?.[0] ?? id
export const parentOf = (id: string): string => id.slice(0, 5)

export interface Cell {
  id: string
  name: string
  /** Rows, or the sum of the chosen column, of it and what is below it. */
  count: number
  below: { id: string; name: string; count: number }[]
}
export interface Tactic {
  name: string
  cells: Cell[]
}

/** The column that tells how often: the only one of numbers, as `summarize count() by` leaves it; else rows count. */
export function weightColumn(columns: ResultColumn[], chosen: string | undefined): number | undefined {
  if (chosen === ROWS) return undefined
  const numbers = columns.flatMap(({ type }, index) => (isNumeric(type) ? [index] : []))
  const named = numbers.find((index) => columns[index]!.name === chosen)
  return named ?? (numbers.length === 1 ? numbers[0] : undefined)
}
/** Stands for counting rows in the address; no column has this name without brackets. */
export const ROWS = 'rows()'

export const OUTSIDE = 'Not in ATT&CK'

/** The matrix of a result: each tactic with its techniques, most frequent first. A technique of several tactics is in each. */
export function matrixOf(columns: ResultColumn[], rows: unknown[][], column: number, weight: number | undefined): Tactic[] {
  const own = new Map<string, number>()
  const whole = new Map<string, number>()
  const add = (to: Map<string, number>, id: string, by: number) => to.set(id, (to.get(id) ?? 0) + by)
  for (const row of rows) {
    const by = weight === undefined ? 1 : (numberOf(columns[weight]!.type, row[weight]) ?? 0)
    const ids = techniquesOf(row[column])
    for (const id of ids) add(own, id, by)
    // A row that names a technique and its sub-technique is one row of the technique.
    for (const id of new Set(ids.map(parentOf))) add(whole, id, by)
  }
  const tactics: Tactic[] = [...TACTICS, OUTSIDE].map((name) => ({ name, cells: [] }))
  for (const [id, count] of [...whole].sort(([a, x], [b, y]) => y - x || a.localeCompare(b))) {
    const below = [...own].filter(([sub]) => sub !== id && parentOf(sub) === id).map(([sub, n]) => ({ id: sub, name: techniqueName(sub), count: n })).sort((a, b) => b.count - a.count)
    const places = known[id]?.[1] ?? [TACTICS.length]
    for (const place of places) tactics[place]!.cells.push({ id, name: techniqueName(id), count, below })
  }
  return tactics.filter((tactic) => tactic.cells.length > 0)
}

/** Whether a row names this technique or, for a technique, one of its sub-techniques. */
export function namesTechnique(value: unknown, id: string): boolean {
  return techniquesOf(value).some((one) => one === id || parentOf(one) === id)
}
