import { keptValue, onlyTarget } from './choices'
import { type Fields, type Json, type Path, at, isFields, put } from './document'
import type { Language, Property } from './language'

export type Word = 'and' | 'or'
export type ListName = 'where' | 'that'

/** A question that looks for nothing yet. */
export const blank = (language: Language): Json => ({ version: language.schema.version, find: { types: [] } })

export const textsOf = (value: Json | undefined): string[] => (Array.isArray(value) ? value.filter((v): v is string => typeof v === 'string') : [])

/** The types that a target names and the schema knows. */
export const typesOf = (document: Json, target: Path, language: Language): string[] => textsOf(at(document, [...target, 'types'])).filter((t) => language.type(t))

/** Parts that are joined by one word. */
export interface Parts {
  word: Word
  /** Where the parts are. */
  path: Path
  items: Json[]
}

const groupWord = (part: Json | undefined): Word | undefined => {
  if (!isFields(part)) return undefined
  const names = Object.keys(part)
  if (names.length !== 1 || (names[0] !== 'and' && names[0] !== 'or')) return undefined
  return Array.isArray(part[names[0]]) ? names[0] : undefined
}

/** The parts of a group, such as `{"or": […]}`; undefined if it is none. */
export function partsOfGroup(document: Json, group: Path): Parts | undefined {
  const word = groupWord(at(document, group))
  return word && { word, path: [...group, word], items: at(document, [...group, word]) as Json[] }
}

/**
 * The parts of a target or branch: its `where` or its `that`. One `or` that is alone there is shown as the
 * list itself, joined by "or". Undefined where something else than a list is written.
 */
export function partsOf(document: Json, owner: Path, name: ListName): Parts | undefined {
  const path = [...owner, name]
  const value = at(document, path)
  if (value === undefined) return { word: 'and', path, items: [] }
  if (!Array.isArray(value)) return undefined
  if (value.length === 1 && groupWord(value[0]) === 'or') return partsOfGroup(document, [...path, 0])
  return { word: 'and', path, items: value }
}

/** Whether the parts are a group's, and not directly of a target or branch. */
const isGroup = (path: Path): boolean => path.at(-1) === 'and' || path.at(-1) === 'or'

/** Joins parts by the other word. */
export function join(document: Json, parts: Parts, word: Word): Json {
  if (parts.word === word) return document
  if (!isGroup(parts.path)) return put(document, parts.path, [{ or: parts.items }])
  const group = parts.path.slice(0, -1)
  const owner = group.slice(0, -1)
  const alone = !isGroup(owner) && (at(document, owner) as Json[]).length === 1
  return alone && word === 'and' ? put(document, owner, parts.items) : put(document, group, { [word]: parts.items })
}

/** Adds a part at the end; its place is the second. */
export function add(document: Json, parts: Parts, part: Json): [Json, Path] {
  return [put(document, parts.path, [...parts.items, part]), [...parts.path, parts.items.length]]
}

/** Takes a part out, and what is empty without it. */
export function remove(document: Json, part: Path): Json {
  const list = part.slice(0, -1)
  const items = at(document, list)
  if (!Array.isArray(items) || items.length > 1) return put(document, part, undefined)
  return isGroup(list) ? remove(document, list.slice(0, -1)) : put(document, list, undefined)
}

/** A branch as it begins: an insight without conditions, or a connection to the only type that it can lead to. */
export function branchOf(language: Language, from: string[], choice: string): Fields {
  const [kind, name] = choice.split(':') as ['insight' | 'connection', string]
  return kind === 'insight' ? { insight: name } : { connection: name, to: { types: onlyTarget(language, from, name) } }
}

/** A branch about something else: whether it is turned round stays, and a target that still fits. */
export function withFollow(language: Language, from: string[], before: Fields, choice: string): Fields {
  const next = branchOf(language, from, choice)
  if (before.not !== undefined) next.not = before.not
  const to = before.to
  const connection = next.connection
  if (typeof connection === 'string' && isFields(to)) {
    const types = textsOf(to.types)
    const fits = types.length > 0 && types.every((type) => from.some((source) => language.leads(source, connection)?.includes(type)))
    if (fits) return { connection, ...(next.not !== undefined && { not: next.not }), to }
  }
  return next
}

/** The first condition on a property. */
export function conditionOn(language: Language, property: Property): Fields {
  return withProperty(language, {}, undefined, property)
}

/** A condition about another property: what still means something stays. */
export function withProperty(language: Language, before: Fields, was: Property | undefined, property: Property): Fields {
  const kept = typeof before.operator === 'string' && property.operators.includes(before.operator) ? before.operator : property.operators[0]!
  return condition(language, property.name, kept, keptValue(was, property, language.operator(kept)!, before.value))
}

/** A condition that is compared in another way. */
export function withOperator(language: Language, before: Fields, property: Property, operator: string): Fields {
  const old = typeof before.operator === 'string' ? language.operator(before.operator) : undefined
  // What says whether there is a value says nothing about the value.
  const value = old?.value === 'truth' && language.operator(operator)?.value !== 'truth' ? undefined : before.value
  return condition(language, property.name, operator, keptValue(property, property, language.operator(operator)!, value))
}

function condition(_: Language, property: string, operator: string, value: Json | undefined): Fields {
  return { property, operator, ...(value !== undefined && { value }) }
}

/** Turns a branch round, or back. */
export function withNot(branch: Fields, not: boolean): Fields {
  const { not: _, ...rest } = branch
  if (!not) return rest
  const { insight, connection, ...more } = rest
  return { ...(insight !== undefined && { insight }), ...(connection !== undefined && { connection }), not: true, ...more }
}

export const SCOPES = ['subscriptions', 'device_groups'] as const
export type ScopeName = (typeof SCOPES)[number]

export const scopeOf = (document: Json, name: ScopeName): string[] => textsOf(at(document, ['scope', name]))

/** The question about another part of the estate; nothing chosen is everything. */
export function withScope(document: Json, name: ScopeName, keys: string[]): Json {
  const scope = at(document, ['scope'])
  const next: Fields = isFields(scope) ? { ...scope } : {}
  if (keys.length > 0) next[name] = keys
  else delete next[name]
  return put(document, ['scope'], Object.keys(next).length > 0 ? next : undefined)
}
