import { isRange, type RangeKey } from './time'

export const HEALTHS = ['active', 'impaired', 'inactive', 'no_sensor_data'] as const
export type HealthKey = (typeof HEALTHS)[number]

type Raw = Record<string, unknown>
const text = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' ? value : typeof value === 'number' ? String(value) : undefined
const oneOf = <T extends string>(value: unknown, allowed: readonly T[]): T | undefined =>
  allowed.find((name) => name === value)
/** A comma list with each allowed word once, in the given order. */
const listOf = (value: unknown, allowed?: readonly string[]): string | undefined => {
  const words = [...new Set((text(value) ?? '').split(',').filter(Boolean))]
  const kept = allowed ? words.filter((word) => allowed.includes(word)) : words
  return kept.length ? kept.join(',') : undefined
}

export const DEVICE_SORTS = ['name', 'health', 'last_seen', 'os', 'sensor_version'] as const
export type DeviceSort = (typeof DEVICE_SORTS)[number]

/** All state of the device list. Absent = the default; wrong values are dropped, never an error. */
export interface DevicesSearch {
  search?: string
  health?: string
  os?: string
  sort?: DeviceSort
  order?: 'asc' | 'desc'
  panel?: string
}
export function devicesSearch(raw: Raw): DevicesSearch {
  return clean({
    search: text(raw.search),
    health: listOf(raw.health, HEALTHS),
    os: listOf(raw.os),
    sort: oneOf(raw.sort, DEVICE_SORTS),
    order: oneOf(raw.order, ['asc', 'desc'] as const),
    panel: text(raw.panel),
  })
}

/** All state of a device's timeline. `event` = "<table>:<ReportId>" of the open row. */
export interface TimelineSearch {
  range?: RangeKey
  from?: string
  to?: string
  tables?: string
  search?: string
  event?: string
}
export function timelineSearch(raw: Raw): TimelineSearch {
  return clean({
    range: isRange(raw.range) ? raw.range : undefined,
    from: text(raw.from),
    to: text(raw.to),
    tables: listOf(raw.tables),
    search: text(raw.search),
    event: text(raw.event),
  })
}

export interface TreeSearch {
  process: string
  at?: string
  node?: string
  view?: 'list'
}
export function treeSearch(raw: Raw): TreeSearch {
  return {
    process: text(raw.process) ?? '',
    ...clean({ at: text(raw.at), node: text(raw.node), view: oneOf(raw.view, ['list'] as const) }),
  }
}

export const DEADLINES = [10, 30, 60, 180, 600] as const

export interface HuntingSearch {
  q?: string
  deadline?: number
  sort?: string
  row?: number
  run?: boolean
}
export function huntingSearch(raw: Raw): HuntingSearch {
  const deadline = Number(raw.deadline)
  const row = Number(raw.row)
  return clean({
    q: text(raw.q),
    deadline: (DEADLINES as readonly number[]).includes(deadline) ? deadline : undefined,
    sort: text(raw.sort),
    row: raw.row !== undefined && Number.isInteger(row) && row >= 0 ? row : undefined,
    run: raw.run === true || raw.run === 'true' ? true : undefined,
  })
}

export interface SignInSearch {
  next?: string
}
/** Only a path of this console is a place to go back to. */
export function signInSearch(raw: Raw): SignInSearch {
  const next = text(raw.next)
  return next && /^\/(?![/\\])/.test(next) ? { next } : {}
}

export function setupSearch(raw: Raw): { token?: string } {
  return clean({ token: text(raw.token) })
}

/** Adds or removes one word of a comma list. */
export function toggleWord(list: string | undefined, word: string): string | undefined {
  const words = (list ?? '').split(',').filter(Boolean)
  const next = words.includes(word) ? words.filter((w) => w !== word) : [...words, word]
  return next.length ? next.join(',') : undefined
}

function clean<T extends object>(value: T): T {
  return Object.fromEntries(Object.entries(value).filter(([, v]) => v !== undefined)) as T
}
