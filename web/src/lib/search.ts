import { type ChartKind, isChartKind, type Stack, STACKS } from './charts'
import { isMonth } from './months'
import { isRange, parseInstant, type RangeKey } from './time'

export const HEALTHS = ['active', 'impaired', 'inactive', 'no_sensor_data'] as const
export type HealthKey = (typeof HEALTHS)[number]

type Raw = Record<string, unknown>
export const text = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' ? value : typeof value === 'number' ? String(value) : undefined
export const oneOf = <T extends string>(value: unknown, allowed: readonly T[]): T | undefined =>
  allowed.find((name) => name === value)
const instant = (value: unknown): string | undefined => (parseInstant(text(value)) ? text(value) : undefined)
/** A comma list with each allowed word once, in the given order. */
export const listOf = (value: unknown, allowed?: readonly string[]): string | undefined => {
  const words = [...new Set((text(value) ?? '').split(',').filter(Boolean))]
  const kept = allowed ? words.filter((word) => allowed.includes(word)) : words
  return kept.length ? kept.join(',') : undefined
}

export const DEVICE_SORTS = ['name', 'health', 'last_seen', 'os', 'sensor_version'] as const
export const ONBOARDINGS = ['sensor', 'agentless'] as const
export type DeviceSort = (typeof DEVICE_SORTS)[number]

/**
 * All state of the device list. Absent = the default; wrong values are dropped, never an error: they are
 * named as undefined, since the router lays what is returned over what the address says.
 */
export interface DevicesSearch {
  search?: string
  health?: string
  os?: string
  /** A device group. */
  group?: string
  /** Who tells of it. */
  onboarding?: (typeof ONBOARDINGS)[number]
  sort?: DeviceSort
  order?: 'asc' | 'desc'
  panel?: string
}
export function devicesSearch(raw: Raw): DevicesSearch {
  return {
    search: text(raw.search),
    health: listOf(raw.health, HEALTHS),
    os: listOf(raw.os),
    group: text(raw.group),
    onboarding: oneOf(raw.onboarding, ONBOARDINGS),
    sort: oneOf(raw.sort, DEVICE_SORTS),
    order: oneOf(raw.order, ['asc', 'desc'] as const),
    panel: text(raw.panel),
  }
}

/** The tables that a device's timeline is made of. */
export const EVENT_TABLES = ['DeviceProcessEvents', 'DeviceNetworkEvents', 'DeviceFileEvents'] as const

/** All state of a device's timeline. `event` = "<table>:<ReportId>:<Timestamp>" of the open row. */
export interface TimelineSearch {
  range?: RangeKey
  from?: string
  to?: string
  tables?: string
  search?: string
  event?: string
}
export function timelineSearch(raw: Raw): TimelineSearch {
  return {
    range: isRange(raw.range) ? raw.range : undefined,
    from: instant(raw.from),
    to: instant(raw.to),
    tables: listOf(raw.tables, EVENT_TABLES),
    search: text(raw.search),
    event: text(raw.event),
  }
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
    at: instant(raw.at),
    node: text(raw.node),
    view: oneOf(raw.view, ['list'] as const),
  }
}

/** The open row of a list that has no other state: an order, an entry of the audit log. */
export interface OpenSearch {
  open?: string
}
export function openSearch(raw: Raw): OpenSearch {
  return { open: text(raw.open) }
}

export const DEADLINES = [10, 30, 60, 180, 600] as const

export interface HuntingSearch {
  q?: string
  deadline?: number
  sort?: string
  row?: number
  run?: boolean
  /** What is shown beside the editor; tables when absent. */
  shelf?: (typeof SHELVES)[number]
  /** How the rows are shown; as the query says when absent. */
  view?: (typeof RESULT_VIEWS)[number]
  /** The chart in place of the query's, and its columns: names with commas between. */
  chart?: ChartKind | 'attack'
  x?: string
  y?: string
  split?: string
  stack?: Stack
  /** Only rows that name this ATT&CK technique. */
  technique?: string
  /** The matrix as a list. */
  list?: boolean
  /** A function or table beside it: "function:NAME", "table:NAME", "new-function". */
  panel?: string
  /** The saved query that is open in the editor. */
  saved?: string
  /** A shared query by its short name; becomes `q`. */
  link?: string
}
export const SHELVES = ['functions', 'saved', 'recent', 'samples'] as const
export const RESULT_VIEWS = ['table', 'chart'] as const
export function huntingSearch(raw: Raw): HuntingSearch {
  const deadline = Number(raw.deadline)
  const row = Number(raw.row)
  return {
    q: text(raw.q),
    deadline: (DEADLINES as readonly number[]).includes(deadline) ? deadline : undefined,
    sort: text(raw.sort),
    row: raw.row !== undefined && Number.isInteger(row) && row >= 0 ? row : undefined,
    run: raw.run === true || raw.run === 'true' ? true : undefined,
    shelf: oneOf(raw.shelf, SHELVES),
    view: oneOf(raw.view, RESULT_VIEWS),
    chart: raw.chart === 'attack' ? 'attack' : isChartKind(raw.chart) ? raw.chart : undefined,
    x: text(raw.x),
    y: text(raw.y),
    split: typeof raw.split === 'string' ? raw.split : undefined,
    stack: oneOf(raw.stack, Object.keys(STACKS) as Stack[]),
    technique: /^T\d{4}(\.\d{3})?$/.test(text(raw.technique) ?? '') ? text(raw.technique) : undefined,
    list: raw.list === true || raw.list === 'true' ? true : undefined,
    panel: text(raw.panel),
    saved: text(raw.saved),
    link: text(raw.link),
  }
}

/** All state of the scheduled exports: the open one or "new", and what a new one begins with. */
export interface ExportsSearch {
  open?: string
  q?: string
}
export function exportsSearch(raw: Raw): ExportsSearch {
  return { open: text(raw.open), q: text(raw.q) }
}

export const USAGE_BY = ['subscription', 'owner', 'plan', 'machine', 'hour'] as const
export type UsageBy = (typeof USAGE_BY)[number]

/** All state of the usage page: a month, what rows have in common, and what they are narrowed to. */
export interface UsageSearch {
  month?: string
  by?: UsageBy
  subscription?: string
  owner?: string
  plan?: string
  machine?: string
}
export function usageSearch(raw: Raw): UsageSearch {
  return {
    month: isMonth(raw.month) ? raw.month : undefined,
    by: oneOf(raw.by, USAGE_BY),
    subscription: text(raw.subscription),
    // An empty owner is none, which is something else than any.
    owner: typeof raw.owner === 'string' ? raw.owner : undefined,
    plan: text(raw.plan),
    machine: text(raw.machine),
  }
}

export const STATUSES = ['healthy', 'unhealthy', 'not_applicable', 'pending'] as const
export const FINDING_KINDS = ['installation', 'heartbeat', 'not_applicable'] as const
export const MACHINE_SORTS = ['name', 'status', 'subscription', 'system', 'extension'] as const
export const AGENTLESS_STATES = ['done', 'limited', 'failed', 'waiting', 'queued', 'running', 'not_applicable', 'off'] as const
export type MachineSort = (typeof MACHINE_SORTS)[number]

export const DAYS = [1, 7, 30] as const

/** What was looked for everywhere, and in events of how many days. */
export function everythingSearch(raw: Raw): { q?: string; days?: number } {
  const days = Number(raw.days)
  return { q: text(raw.q), days: (DAYS as readonly number[]).includes(days) ? days : undefined }
}

/** All state of the list of machines. */
export interface MachinesSearch {
  search?: string
  status?: string
  finding?: string
  /** Only those with a finding of this kind that is more than a notice. */
  kind?: string
  subscription?: string
  connector?: string
  /** How its agentless scans stand, a comma list. */
  agentless?: string
  /** Those that their cloud deleted, too. */
  gone?: boolean
  sort?: MachineSort
  order?: 'asc' | 'desc'
  panel?: string
}
export function machinesSearch(raw: Raw): MachinesSearch {
  return {
    search: text(raw.search),
    status: listOf(raw.status, STATUSES),
    finding: text(raw.finding),
    kind: oneOf(raw.kind, FINDING_KINDS),
    subscription: text(raw.subscription),
    connector: text(raw.connector),
    agentless: listOf(raw.agentless, AGENTLESS_STATES),
    gone: raw.gone === true || raw.gone === 'true' ? true : undefined,
    sort: oneOf(raw.sort, MACHINE_SORTS),
    order: oneOf(raw.order, ['asc', 'desc'] as const),
    panel: text(raw.panel),
  }
}

/** The open tab of a page; the first when absent. */
const tabOf =
  <T extends string>(tabs: readonly T[]) =>
  (raw: Raw): { tab?: T } => ({ tab: oneOf(raw.tab, tabs) })

export const machineSearch = tabOf(['health', 'history', 'work', 'facts'] as const)
export const subscriptionSearch = tabOf(['overview', 'connectors', 'settings'] as const)

export const PLAN_KINDS = ['install', 'adopt', 'left'] as const

/** All state of a connector's page. */
export interface ConnectorSearch {
  tab?: 'overview' | 'keys' | 'plan' | 'settings'
  /** Which part of the dry run is shown. */
  plan?: (typeof PLAN_KINDS)[number]
}
export function connectorSearch(raw: Raw): ConnectorSearch {
  return {
    tab: oneOf(raw.tab, ['overview', 'keys', 'plan', 'settings'] as const),
    plan: oneOf(raw.plan, PLAN_KINDS),
  }
}

export const CONNECTOR_KINDS = ['ssh', 'aws', 'cloud_init', 'script', 'package'] as const
export type ConnectorKind = (typeof CONNECTOR_KINDS)[number]
export function connectSearch(raw: Raw): { kind?: ConnectorKind } {
  return { kind: oneOf(raw.kind, CONNECTOR_KINDS) }
}
export function connectorsSearch(raw: Raw): { ended?: boolean } {
  return { ended: raw.ended === true || raw.ended === 'true' ? true : undefined }
}

/** All state of the health page. */
export interface HealthSearch {
  tab?: 'overview' | 'thresholds'
  range?: HealthRange
  kind?: (typeof FINDING_KINDS)[number]
  /** The finding whose machines are shown. */
  open?: string
}
export const HEALTH_RANGES = { '24h': 24, '7d': 168, '30d': 720, '90d': 2160 } as const
export type HealthRange = keyof typeof HEALTH_RANGES
export function healthSearch(raw: Raw): HealthSearch {
  return {
    tab: oneOf(raw.tab, ['overview', 'thresholds'] as const),
    range: oneOf(raw.range, Object.keys(HEALTH_RANGES) as HealthRange[]),
    kind: oneOf(raw.kind, FINDING_KINDS),
    open: text(raw.open),
  }
}

/**
 * All state of the explorer. `link` is the question whose rows are shown; `draft` the text in the builder where
 * it is another, in the same letters; `open` the row in the panel.
 */
export interface ExplorerSearch {
  link?: string
  draft?: string
  view?: 'json' | 'templates'
  /** The question is folded away, so that its rows have the page. */
  fold?: boolean
  open?: string
}
export function explorerSearch(raw: Raw): ExplorerSearch {
  return {
    link: text(raw.link),
    // An empty draft is an empty text, which is something else than none.
    draft: typeof raw.draft === 'string' ? raw.draft : undefined,
    view: oneOf(raw.view, ['json', 'templates'] as const),
    fold: raw.fold === true || raw.fold === 'true' ? true : undefined,
    open: text(raw.open),
  }
}

export interface SignInSearch {
  next?: string
}
/** Only a path of this console is a place to go back to. */
export function signInSearch(raw: Raw): SignInSearch {
  const next = text(raw.next)
  return { next: next && /^\/(?![/\\])/.test(next) ? next : undefined }
}

export function setupSearch(raw: Raw): { token?: string } {
  return { token: text(raw.token) }
}

/** Adds or removes one word of a comma list. */
export function toggleWord(list: string | undefined, word: string): string | undefined {
  const words = (list ?? '').split(',').filter(Boolean)
  const next = words.includes(word) ? words.filter((w) => w !== word) : [...words, word]
  return next.length ? next.join(',') : undefined
}
