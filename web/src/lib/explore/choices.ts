import type { Json } from './document'
import { type Language, type Operator, type Property, wordOf } from './language'

/** Something to choose; `reason` says why it cannot be chosen here. */
export interface Choice {
  value: string
  title: string
  description?: string
  reason?: string
}
export interface Shelf {
  title: string
  choices: Choice[]
}

/** What can follow after "That" where all of these types are looked for. */
export function follows(language: Language, types: string[]): Shelf[] {
  const nothing = types.length === 0 ? 'Choose a type first' : undefined
  const insights = language.schema.insights.map((insight) => {
    const other = types.filter((type) => !language.says(type, insight.name))
    return {
      value: `insight:${insight.name}`,
      title: insight.title,
      description: insight.description,
      reason: nothing ?? (other.length > 0 ? `Cannot be said of ${language.titles(other)}` : undefined),
    }
  })
  const connections = [...language.connections].map(([name, connection]) => {
    const other = types.filter((type) => !language.leads(type, name))
    const to = [...new Set(types.flatMap((type) => language.leads(type, name) ?? []))].filter((type) => !language.type(type)?.member_of)
    return {
      value: `connection:${name}`,
      title: connection.title,
      description: to.length > 0 ? language.titles(to) : undefined,
      reason: nothing ?? (other.length > 0 ? `Does not begin at ${language.titles(other)}` : undefined),
    }
  })
  return [
    { title: 'Connections', choices: connections },
    { title: 'Insights', choices: insights },
  ].map((shelf) => ({ ...shelf, choices: availableFirst(shelf.choices) }))
}

function availableFirst(choices: Choice[]): Choice[] {
  return [...choices.filter((c) => !c.reason), ...choices.filter((c) => c.reason)]
}

/** Where a target stands: at the root anything can be looked for, elsewhere what a connection leads to. */
export interface Approach {
  from: string[]
  connection: string
}

/** Why a type cannot be chosen there; undefined if it can. */
export function typeReason(language: Language, type: string, approach: Approach | undefined): string | undefined {
  if (!approach) return undefined
  const reached = approach.from.some((source) => language.leads(source, approach.connection)?.includes(type))
  if (reached) return undefined
  const title = language.connections.get(approach.connection)?.title ?? approach.connection
  return `“${title}” does not lead here from ${approach.from.length > 0 ? language.titles(approach.from) : 'nothing'}`
}

/** The types that a new connection leads to, where there is only one to choose. */
export function onlyTarget(language: Language, from: string[], connection: string): string[] {
  const to = new Set(from.flatMap((source) => language.leads(source, connection) ?? []))
  const tops = [...to].filter((type) => !language.type(type)?.member_of)
  return tops.length === 1 ? tops : []
}

/** Types with one more or one less: a group stands for its members, and all members together are the group. */
export function toggleType(language: Language, types: string[], type: string): string[] {
  const members = language.members(type)
  if (types.includes(type)) return types.filter((t) => t !== type)
  if (members.length > 0) return [...types.filter((t) => !members.includes(t)), type]
  const group = language.type(type)?.member_of
  if (!group) return [...types, type]
  const all = language.members(group)
  if (types.includes(group)) return [...types.filter((t) => t !== group), ...all.filter((t) => t !== type)]
  const next = [...types, type]
  return all.every((t) => next.includes(t)) ? [...next.filter((t) => !all.includes(t)), group] : next
}

/** Properties that conditions can speak of: of targets with several types those that all have in one sense. */
export function properties(language: Language, owner: { types: string[] } | { insight: string }): (Choice & { property: Property })[] {
  if ('insight' in owner) return (language.insight(owner.insight)?.properties ?? []).map((property) => ({ value: property.name, title: property.title, property }))
  const found = new Map<string, Choice & { property: Property }>()
  for (const type of owner.types) {
    for (const property of language.type(type)?.properties ?? []) {
      if (found.has(property.name)) continue
      const without = owner.types.filter((t) => !language.type(t)?.properties.some((p) => p.name === property.name))
      const same = language.property(owner.types, property.name)
      const reason = same ? undefined : without.length > 0 ? `not of ${language.titles(without)}` : 'not the same for all of these types'
      found.set(property.name, { value: property.name, title: property.title, property, reason })
    }
  }
  return [...found.values()]
}

const KINDS: Record<Property['type'], string> = { text: 'texts', version: 'versions', choice: 'choices', bool: 'yes or no', integer: 'numbers', real: 'numbers', time: 'times' }

/** Every operator; those that do not go with the property say so. */
export function operators(language: Language, property: Property | undefined): Choice[] {
  return language.schema.operators.map((operator) => ({
    value: operator.name,
    title: operator.title,
    reason: property && !property.operators.includes(operator.name) ? `not for ${KINDS[property.type]}` : undefined,
  }))
}

/** The value that stays when a condition is about another property or compared in another way. */
export function keptValue(before: Property | undefined, after: Property, operator: Operator, value: Json | undefined): Json | undefined {
  if (operator.value === 'truth') return typeof value === 'boolean' && before?.type === 'bool' ? value : true
  const same = before !== undefined && before.type === after.type && before.values.join() === after.values.join()
  const items = (Array.isArray(value) ? value : value === undefined ? [] : [value]).filter((v) => same && (typeof v !== 'boolean' || after.type === 'bool'))
  if (operator.value === 'list') return items
  return items[0] ?? (after.type === 'bool' ? true : after.type === 'time' ? 'ago(1d)' : undefined)
}

/** The words of a choice for people. */
export const valueTitle = (property: Property, value: string): string => (property.type === 'choice' ? wordOf(value) : value)
