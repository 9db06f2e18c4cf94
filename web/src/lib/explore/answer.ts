import { type Fields, type Json, at, isFields } from './document'
import { type Insight, type Language, type Property, wordOf } from './language'
import { textsOf } from './edit'

/** What the explorer answers, as far as the page reads it; the server's document leaves it open. */
export interface FoundNode {
  type: string
  key: string
  name: string
  properties?: Record<string, Value>
}
export type Value = string | number | boolean
export interface Cell {
  matched: boolean
  total: number
  /** Otherwise there are at least as many. */
  exact: boolean
  nodes?: FoundNode[]
  values?: Record<string, Value>
}
export interface Row {
  node: FoundNode
  subscription?: { key: string; name: string }
  resource_group?: { key: string; name: string }
  cells: Cell[]
}
export interface Column {
  kind: 'insight' | 'connection'
  name: string
  title: string
  types: string[]
  pointer: string
}
export interface Missing {
  code: string
  of?: string
  keys?: string[]
  source?: string
  kind?: string
  reason?: string
}
export interface Answer {
  count: number
  columns: Column[]
  rows: Row[]
  missing: Missing[]
  next: string | null
  link: string
  query: Json
}

/** The columns, each with a name of its own. */
export function columnTitles(columns: Column[]): string[] {
  return columns.map(({ title }, i) => {
    const before = columns.slice(0, i).filter((c) => c.title === title).length
    return before > 0 ? `${title} (${before + 1})` : title
  })
}

export const rowKey = (row: Row): string => `${row.node.type}/${row.node.key}`

/** A row in the address: its type, key and name, so that it is found again without the rows before it. */
export const openOf = (node: FoundNode): string => [node.type, node.key, node.name].map(encodeURIComponent).join('/')

export function nodeOf(open: string | undefined): FoundNode | undefined {
  const parts = open?.split('/') ?? []
  if (parts.length !== 3) return undefined
  try {
    const [type, key, name] = parts.map(decodeURIComponent) as [string, string, string]
    return { type, key, name }
  } catch {
    return undefined
  }
}

/** A value of a property for people; instants are shown by whoever knows how. */
export function valueText(property: Property | undefined, value: Value): string {
  if (typeof value === 'boolean') return value ? 'yes' : 'no'
  if (typeof value === 'number') return value.toLocaleString('en', { useGrouping: property?.type === 'real', maximumFractionDigits: 6 })
  return property?.type === 'choice' ? wordOf(value) : value
}

/** What a cell says: the nodes that it lists with how many more there are, or what an insight knows. */
export function cellText(cell: Cell, insight: Insight | undefined): string {
  if (!cell.matched) return ''
  const names = (cell.nodes ?? []).map((node) => node.name)
  const more = cell.total - names.length
  if (names.length > 0 && (more > 0 || !cell.exact)) return `${names.join(', ')} and ${cell.exact ? '' : 'at least '}${Math.max(more, 0)} more`
  if (names.length > 0) return names.join(', ')
  const values = Object.entries(cell.values ?? {}).map(([name, value]) => {
    const property = insight?.properties.find((p) => p.name === name)
    return `${property?.title ?? wordOf(name)}: ${valueText(property, value)}`
  })
  return values.length > 0 ? values.join(', ') : 'yes'
}

const MACHINES = ['connected_server', 'ec2_instance', 'cloud_instance']

/** The page that a node has, and which. */
export type Page =
  | { to: '/machines/$machineId'; params: { machineId: string } }
  | { to: '/settings/device-groups/$groupId'; params: { groupId: string } }
  | { to: '/settings/subscriptions'; params: Record<string, never> }

export function pageOf(node: FoundNode): Page | undefined {
  if (MACHINES.includes(node.type)) return { to: '/machines/$machineId', params: { machineId: node.key } }
  // A sensor has the key of its machine, a finding begins with it.
  if (node.type === 'sensor' || node.type === 'health_finding') return { to: '/machines/$machineId', params: { machineId: node.key.split('/')[0]! } }
  if (node.type === 'device_group') return { to: '/settings/device-groups/$groupId', params: { groupId: node.key } }
  if (node.type === 'subscription') return { to: '/settings/subscriptions', params: {} }
  return undefined
}

/** The question about one of its rows only: as many as have that name, which is nearly always one. */
export function narrowed(query: Json, row: FoundNode): Json {
  if (!isFields(query) || !isFields(query.find)) return query
  const where = Array.isArray(query.find.where) ? query.find.where : []
  return { ...query, find: { ...query.find, where: [...where, named(row.name)] } }
}

const named = (name: string): Fields => ({ property: 'name', operator: 'equals', value: name })

/**
 * The question whose rows are the nodes of a cell: the way to them, walked back to the row. Only for
 * connections; the way of an insight is the server's own.
 */
export function turned(language: Language, query: Json, column: Column, row: FoundNode): Json | undefined {
  if (column.kind !== 'connection' || !isFields(query)) return undefined
  const steps = column.pointer.split('/').slice(1).map((step) => (/^\d+$/.test(step) ? Number(step) : step))
  let back: Fields = { types: [row.type], where: [named(row.name)] }
  for (let length = 1; length <= steps.length; length += 1) {
    const branch = at(query, steps.slice(0, length))
    if (!isFields(branch) || typeof branch.connection !== 'string' || !isFields(branch.to)) continue
    const reverse = language.connections.get(branch.connection)?.reverse
    if (!reverse) return undefined
    const { to } = branch
    const that = [...(Array.isArray(to.that) ? to.that : []), { connection: reverse, to: back }]
    back = { types: textsOf(to.types), ...(to.where !== undefined && { where: to.where }), that }
  }
  return { version: query.version ?? 1, find: back, ...(query.scope !== undefined && { scope: query.scope }) }
}

/** Why an answer may be partial, for people. */
export function missingText(missing: Missing, language: Language, nameOf: (kind: string, key: string) => string): string {
  const of = missing.of === 'device_group' ? 'device group' : 'subscription'
  const which = (missing.keys ?? []).map((key) => nameOf(missing.of ?? '', key)).join(', ')
  switch (missing.code) {
    case 'scope_restricted':
      return `You see a part of the estate only: what is in your ${of}s.`
    case 'scope_not_allowed':
      return `The scope names ${of}s that you may not see, which were left out: ${which}.`
    case 'scope_unknown':
      return `The scope names ${of}s that are not there: ${which}.`
    case 'source_absent':
      return `Nothing of “${wordOf(missing.source ?? '')}” was delivered yet, so what the question asks about it finds nothing.`
    case 'type_withheld':
      return missing.reason === 'plan_required'
        ? `${language.typeTitle(missing.kind ?? '')} is shown only where a plan includes it; other subscriptions are left out.`
        : `${language.typeTitle(missing.kind ?? '')} is not shown everywhere (${missing.reason ?? 'no reason given'}).`
    default:
      return `${wordOf(missing.code)}.`
  }
}
