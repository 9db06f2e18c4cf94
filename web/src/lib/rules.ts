import type { DeviceRule } from '../api/types'

export const FIELDS = ['name', 'tag', 'os_platform', 'os_distribution', 'os_version', 'subscription', 'address'] as const
export type Field = (typeof FIELDS)[number]
export type Op = 'equals' | 'starts_with' | 'ends_with' | 'contains' | 'within' | 'at_least' | 'below'

const TEXT: Op[] = ['equals', 'starts_with', 'ends_with', 'contains']

/** How each field is called, how it can be compared, and what a value looks like. */
export const ABOUT: Record<Field, { label: string; ops: Op[]; example: string }> = {
  name: { label: 'Name', ops: ['starts_with', 'equals', 'ends_with', 'contains'], example: 'web-' },
  tag: { label: 'Tag', ops: TEXT, example: 'env=prod' },
  os_platform: { label: 'Platform', ops: TEXT, example: 'Linux' },
  os_distribution: { label: 'Distribution', ops: TEXT, example: 'Debian' },
  os_version: { label: 'Version', ops: ['within', 'at_least', 'below', 'equals'], example: '22.04' },
  subscription: { label: 'Subscription', ops: ['equals'], example: '' },
  address: { label: 'Address', ops: ['within'], example: '10.0.0.0/8' },
}

export function opLabel(field: Field, op: Op): string {
  if (op === 'within') return field === 'address' ? 'is in network' : 'is of series'
  return { equals: 'is', starts_with: 'starts with', ends_with: 'ends with', contains: 'contains', at_least: 'is at least', below: 'is below' }[op]
}

interface Any {
  /** For React: parts move and look alike. */
  key: number
  not: boolean
}
export interface Condition extends Any {
  kind: 'is'
  field: Field
  op: Op
  value: string
}
export interface List extends Any {
  kind: 'list'
  mode: 'all' | 'any'
  parts: Part[]
}
export interface Every extends Any {
  kind: 'every'
}
export type Part = Condition | List | Every

/** A rule while a person works on it: the root is a list, or every device. */
export interface Draft {
  every: boolean
  root: List
}

let keys = 0
const key = () => ++keys

export const newCondition = (): Condition => ({ kind: 'is', key: key(), not: false, field: 'name', op: 'starts_with', value: '' })
export const newList = (parts: Part[] = [newCondition()]): List => ({ kind: 'list', key: key(), not: false, mode: 'all', parts })
export const newDraft = (): Draft => ({ every: false, root: newList() })

function partOf(rule: DeviceRule): Part {
  if ('all' in rule) return { ...newList(rule.all.map(partOf)), mode: 'all' }
  if ('any' in rule) return { ...newList(rule.any.map(partOf)), mode: 'any' }
  if ('not' in rule) {
    const part = partOf(rule.not)
    return { ...part, not: !part.not }
  }
  if ('every' in rule) return { kind: 'every', key: key(), not: false }
  return { kind: 'is', key: key(), not: false, field: rule.field, op: rule.op, value: rule.value }
}

export function draftOf(rule: DeviceRule): Draft {
  const part = partOf(rule)
  if (part.kind === 'every' && !part.not) return { every: true, root: newList() }
  return { every: false, root: part.kind === 'list' ? part : newList([part]) }
}

function ruleOfPart(part: Part): DeviceRule {
  const rule: DeviceRule =
    part.kind === 'every'
      ? { every: true }
      : part.kind === 'list'
        ? part.mode === 'all'
          ? { all: part.parts.map(ruleOfPart) }
          : { any: part.parts.map(ruleOfPart) }
        : { field: part.field, op: part.op, value: part.value.trim() }
  return part.not ? { not: rule } : rule
}

export const ruleOf = (draft: Draft): DeviceRule => (draft.every ? { every: true } : ruleOfPart(draft.root))

function partComplete(part: Part): boolean {
  if (part.kind === 'list') return part.parts.length > 0 && part.parts.every(partComplete)
  return part.kind === 'every' || part.value.trim() !== ''
}

/** Whether nothing is left to be filled in. */
export const complete = (draft: Draft): boolean => draft.every || partComplete(draft.root)

/** The list with one part replaced, or taken out, wherever it is. */
export function withPart(list: List, of: number, next: Part | undefined): List {
  const parts = list.parts.flatMap((part): Part[] => {
    if (part.key === of) return next ? [next] : []
    return part.kind === 'list' ? [withPart(part, of, next)] : [part]
  })
  return { ...list, parts }
}

/** A condition on another field keeps its value where that can still mean something. */
export function withField(condition: Condition, field: Field): Condition {
  const ops = ABOUT[field].ops
  const op = ops.find((o) => o === condition.op) ?? ops[0] ?? 'equals'
  const kept = field !== 'subscription' && condition.field !== 'subscription'
  return { ...condition, field, op, value: kept ? condition.value : '' }
}

/** The rule in words; `nameOf` names a subscription. */
export function sentenceOf(rule: DeviceRule, nameOf: (subscription: string) => string): string {
  const inner = (part: DeviceRule): string => {
    const text = sentenceOf(part, nameOf)
    return 'all' in part || 'any' in part ? `(${text})` : text
  }
  if ('every' in rule) return 'every device'
  if ('all' in rule) return rule.all.map(inner).join(' and ')
  if ('any' in rule) return rule.any.map(inner).join(' or ')
  if ('not' in rule) return 'every' in rule.not ? 'no device' : `not ${inner(rule.not)}`
  const value = rule.field === 'subscription' ? nameOf(rule.value) : rule.value
  return `${ABOUT[rule.field].label.toLowerCase()} ${opLabel(rule.field, rule.op)} ${value}`
}
