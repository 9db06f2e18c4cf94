import { type Fields, type Json, type Path, isFields, pointerOf } from './document'
import type { Language, Property } from './language'

/** What is wrong with a question and where, by the server's codes. */
export interface Problem {
  code: string
  message: string
  pointer: string
}

const MAX_DEPTH = 12
const MAX_PARTS = 256
const MAX_VALUES = 256
const MAX_VALUE = 1024

/**
 * Everything that is wrong with a document; the first problem is the one that the server would name. It is
 * only here so that a person sees it at once: what is asked is decided by the server.
 */
export function check(document: Json, language: Language): Problem[] {
  return new Checker(language).run(document)
}

/** What conditions can speak of. */
type Owner = { types: string[] } | { insight: string }

/** The property that a condition means. */
export function propertyOf(language: Language, owner: Owner, name: string): Property | undefined {
  if ('types' in owner) return language.property(owner.types, name)
  return language.insight(owner.insight)?.properties.find((p) => p.name === name)
}

class Checker {
  private readonly problems: Problem[] = []
  private parts = 0
  private readonly language: Language

  constructor(language: Language) {
    this.language = language
  }

  private tell(code: string, message: string, path: Path): undefined {
    this.problems.push({ code, message, pointer: pointerOf(path) })
    return undefined
  }

  private title(connection: string): string {
    return this.language.connections.get(connection)?.title ?? connection
  }

  run(document: Json): Problem[] {
    const fields = this.fields(document, ['version', 'find', 'scope'], [])
    if (!fields) return this.problems
    if (fields.version === undefined) this.missing('version', [])
    else if (fields.version !== this.language.schema.version) this.tell('unknown_version', `only version ${this.language.schema.version} is understood`, ['version'])
    if (fields.find === undefined) this.missing('find', [])
    else this.target(fields.find, ['find'], 0)
    if (fields.scope !== undefined) this.scope(fields.scope)
    return this.problems
  }

  private missing(name: string, path: Path): void {
    this.tell('missing_field', `${name} is missing here`, path)
  }

  private fields(value: Json, names: string[], path: Path): Fields | undefined {
    if (!isFields(value)) return this.tell('wrong_shape', 'an object is expected here', path)
    if (Object.keys(value).some((name) => !names.includes(name))) this.tell('unknown_field', `a field here is none of ${names.join(', ')}`, path)
    return value
  }

  private list(value: Json, path: Path): Json[] | undefined {
    return Array.isArray(value) ? value : this.tell('wrong_shape', 'a list is expected here', path)
  }

  private text(value: Json, path: Path): string | undefined {
    if (typeof value !== 'string') return this.tell('wrong_shape', 'a text is expected here', path)
    if (new TextEncoder().encode(value).length > MAX_VALUE) return this.tell('too_long', `a text has at most ${MAX_VALUE} bytes`, path)
    return value
  }

  private truth(value: Json, path: Path): void {
    if (typeof value !== 'boolean') this.tell('wrong_shape', 'true or false is expected here', path)
  }

  /** False if this is too much or too deep. */
  private part(path: Path): boolean {
    this.parts += 1
    if (this.parts !== MAX_PARTS + 1) return this.parts <= MAX_PARTS
    this.tell('too_many_parts', `a query has at most ${MAX_PARTS} parts`, path)
    return false
  }

  private deep(depth: number, path: Path): boolean {
    if (depth > MAX_DEPTH) this.tell('too_deep', `a query is at most ${MAX_DEPTH} levels deep`, path)
    return depth > MAX_DEPTH
  }

  private scope(value: Json): void {
    const fields = this.fields(value, ['subscriptions', 'device_groups'], ['scope'])
    for (const name of ['subscriptions', 'device_groups']) {
      const keys = fields?.[name]
      if (keys === undefined) continue
      const path = ['scope', name]
      const list = this.list(keys, path)
      if (list && (list.length === 0 || list.length > MAX_VALUES)) this.tell('too_many_values', `a scope names 1 to ${MAX_VALUES} of them`, path)
      else list?.forEach((key, i) => this.text(key, [...path, i]))
    }
  }

  /** The types of a target, for whoever leads to it. */
  private target(value: Json, path: Path, depth: number): string[] {
    if (this.deep(depth, path)) return []
    const fields = this.fields(value, ['types', 'where', 'that'], path)
    if (!fields) return []
    const types = fields.types === undefined ? (this.missing('types', path), []) : this.types(fields.types, [...path, 'types'])
    if (fields.where !== undefined) this.filter(fields.where, [...path, 'where'], { types }, depth)
    if (fields.that !== undefined) {
      this.list(fields.that, [...path, 'that'])?.forEach((branch, i) => this.branch(branch, [...path, 'that', i], types, depth + 1))
    }
    return types
  }

  private types(value: Json, path: Path): string[] {
    const names = this.list(value, path)
    if (names?.length === 0) this.tell('wrong_shape', 'at least one type is expected here', path)
    const known: string[] = []
    names?.forEach((item, i) => {
      if (!this.part([...path, i])) return
      const name = this.text(item, [...path, i])
      if (name === undefined) return
      if (this.language.type(name)) known.push(name)
      else this.tell('unknown_type', `there is no type ${JSON.stringify(name)}`, [...path, i])
    })
    return known
  }

  private branch(value: Json, path: Path, from: string[], depth: number): void {
    if (this.deep(depth, path) || !this.part(path)) return
    if (!isFields(value)) return this.tell('wrong_shape', 'an object is expected here', path)
    const word = ['and', 'or', 'insight', 'connection'].find((name) => value[name] !== undefined)
    if (word === 'and' || word === 'or') {
      this.fields(value, [word], path)
      this.group(value[word]!, [...path, word], 'branch', (item, at) => this.branch(item, at, from, depth + 1))
    } else if (word === 'insight') {
      this.fields(value, ['insight', 'not', 'where'], path)
      const name = this.text(value.insight!, [...path, 'insight'])
      if (name === undefined) return
      if (!this.language.insight(name)) return this.tell('unknown_insight', `there is no insight ${JSON.stringify(name)}`, [...path, 'insight'])
      const other = from.find((type) => !this.language.says(type, name))
      if (other) this.tell('insight_not_applicable', `“${this.language.insight(name)?.title}” cannot be said of ${this.language.typeTitle(other)}`, [...path, 'insight'])
      if (value.not !== undefined) this.truth(value.not, [...path, 'not'])
      if (value.where !== undefined) this.filter(value.where, [...path, 'where'], { insight: name }, depth)
    } else if (word === 'connection') {
      this.fields(value, ['connection', 'not', 'to'], path)
      const name = this.text(value.connection!, [...path, 'connection'])
      if (name === undefined) return
      if (!this.language.connections.has(name)) return this.tell('unknown_connection', `there is no connection ${JSON.stringify(name)}`, [...path, 'connection'])
      const other = from.find((type) => !this.language.leads(type, name))
      if (other) this.tell('connection_not_applicable', `“${this.title(name)}” does not begin at ${this.language.typeTitle(other)}`, [...path, 'connection'])
      if (value.not !== undefined) this.truth(value.not, [...path, 'not'])
      if (value.to === undefined) return this.missing('to', path)
      const to = this.target(value.to, [...path, 'to'], depth)
      if (!other && to.length > 0) this.leads(name, from, to, [...path, 'to', 'types'])
    } else this.tell('wrong_shape', 'a branch has one of insight, connection, and, or', path)
  }

  private group(value: Json, path: Path, what: string, each: (item: Json, path: Path) => void): void {
    const items = this.list(value, path)
    if (items?.length === 0) this.tell('wrong_shape', `at least one ${what} is expected here`, path)
    items?.forEach((item, i) => each(item, [...path, i]))
  }

  private leads(name: string, from: string[], to: string[], path: Path): void {
    const lost = to.find((type) => !from.some((source) => this.language.leads(source, name)?.includes(type)))
    if (lost && from.length > 0) return this.tell('target_not_applicable', `“${this.title(name)}” does not lead from there to ${this.language.typeTitle(lost)}`, path)
    const stuck = from.find((source) => !to.some((type) => this.language.leads(source, name)?.includes(type)))
    if (stuck) this.tell('target_not_applicable', `“${this.title(name)}” does not lead from ${this.language.typeTitle(stuck)} to any of these`, path)
  }

  private filter(value: Json, path: Path, owner: Owner, depth: number): void {
    this.list(value, path)?.forEach((item, i) => this.condition(item, [...path, i], owner, depth + 1))
  }

  private condition(value: Json, path: Path, owner: Owner, depth: number): void {
    if (this.deep(depth, path) || !this.part(path)) return
    if (!isFields(value)) return this.tell('wrong_shape', 'an object is expected here', path)
    const word = ['and', 'or'].find((name) => value[name] !== undefined)
    if (word) {
      this.fields(value, [word], path)
      return this.group(value[word]!, [...path, word], 'condition', (item, at) => this.condition(item, at, owner, depth + 1))
    }
    this.fields(value, ['property', 'operator', 'value'], path)
    if (value.property === undefined) return this.missing('property', path)
    const name = this.text(value.property, [...path, 'property'])
    if (name === undefined) return
    const property = propertyOf(this.language, owner, name)
    if (!property) {
      if ('types' in owner && owner.types.length === 0) return
      return this.tell('unknown_property', `there is no property ${JSON.stringify(name)} here`, [...path, 'property'])
    }
    if (value.operator === undefined) return this.missing('operator', path)
    const comparison = this.text(value.operator, [...path, 'operator'])
    if (comparison === undefined) return
    const operator = this.language.operator(comparison)
    if (!operator) return this.tell('unknown_operator', `there is no operator ${JSON.stringify(comparison)}`, [...path, 'operator'])
    if (!property.operators.includes(comparison)) return this.tell('operator_not_applicable', `“${property.title}” cannot be compared by “${operator.title}”`, [...path, 'operator'])
    if (value.value === undefined) return this.missing('value', path)
    this.value(property, operator.value, value.value, [...path, 'value'])
  }

  private value(property: Property, shape: string, value: Json, path: Path): void {
    if (shape === 'truth') return this.truth(value, path)
    if (shape === 'one') return this.one(property, value, path)
    const items = this.list(value, path)
    if (items && (items.length === 0 || items.length > MAX_VALUES)) this.tell('too_many_values', `a list has 1 to ${MAX_VALUES} values`, path)
    else items?.forEach((item, i) => this.one(property, item, [...path, i]))
  }

  private one(property: Property, value: Json, path: Path): void {
    const wrong = wrongValue(property, value)
    if (wrong) this.tell('wrong_value', `“${property.title}” is compared with ${wrong}`, path)
    else if (typeof value === 'string' && (property.type === 'text' || property.type === 'version')) this.text(value, path)
  }
}

/** What a property is compared with instead; undefined if the value is right. */
function wrongValue(property: Property, value: Json): string | undefined {
  switch (property.type) {
    case 'text':
    case 'version':
      return typeof value === 'string' ? undefined : 'a text'
    case 'choice': {
      const known = typeof value === 'string' && property.values.some((v) => v.toLowerCase() === value.toLowerCase())
      return known ? undefined : `one of ${property.values.join(', ')}`
    }
    case 'bool':
      return typeof value === 'boolean' ? undefined : 'true or false'
    case 'integer':
      return typeof value === 'number' && Number.isInteger(value) && Math.abs(value) < 2 ** 63 ? undefined : 'an integer'
    case 'real':
      return typeof value === 'number' && Number.isFinite(value) ? undefined : 'a number'
    case 'time':
      return typeof value === 'string' && isTime(value) ? undefined : 'an RFC 3339 time or ago(7d)'
  }
}

const SECONDS: Record<string, number> = { d: 86_400, h: 3600, m: 60, s: 1 }

/** `ago(7d)` as a number and a unit. */
export function agoOf(text: string): { count: number; unit: string } | undefined {
  const found = /^ago\((\d+)([dhms])\)$/.exec(text)
  if (!found) return undefined
  const count = Number(found[1])
  return count <= 0xffff_ffff && count * SECONDS[found[2]!]! <= 0xffff_ffff ? { count, unit: found[2]! } : undefined
}

function isTime(text: string): boolean {
  if (text.startsWith('ago(')) return agoOf(text) !== undefined
  return /^\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}:\d{2}(\.\d+)?([Zz]|[+-]\d{2}:\d{2})$/.test(text) && !Number.isNaN(Date.parse(text.replace(' ', 'T')))
}

/** Whether the problem is of that place or below it. */
export const pointsTo = (problem: Problem, pointer: string): boolean => problem.pointer === pointer || problem.pointer.startsWith(`${pointer}/`)
