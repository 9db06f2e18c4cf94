import type { BaselineCheck, BaselineParameter } from '../api/types'

/** Whether a check is named by its id or by a pattern such as `ssh.*`. */
export const names = (pattern: string, id: string): boolean => (pattern.endsWith('*') ? id.startsWith(pattern.slice(0, -1)) : pattern === id)

/** Which checks a profile runs, as it says: those of what it begins with, further ones, without some. */
export interface Choice {
  checks: string[]
  without: string[]
}

/** Whether a check is run: left out beats named, and named adds to what the profile begins with. */
export function runs(id: string, base: ReadonlySet<string>, { checks, without }: Choice): boolean {
  if (without.some((pattern) => names(pattern, id))) return false
  return base.has(id) || checks.some((pattern) => names(pattern, id))
}

/** Switches one check on or off with as few names as it takes; a pattern that leaves it out stays, as a person wrote it. */
export function toggleCheck(id: string, on: boolean, base: ReadonlySet<string>, choice: Choice): Choice {
  const next: Choice = on
    ? { checks: choice.checks, without: choice.without.filter((name) => name !== id) }
    : { checks: choice.checks.filter((name) => name !== id), without: choice.without }
  if (runs(id, base, next) === on) return next
  return on ? { ...next, checks: [...next.checks, id] } : { ...next, without: [...next.without, id] }
}

/** The pattern that leaves a check out, where it is not its own name: one name alone cannot bring it back. */
export const leftOutBy = (id: string, { without }: Choice): string | undefined => without.find((pattern) => pattern !== id && names(pattern, id))

/** Values of parameters that a profile sets: check, parameter, value. */
export type ProfileValues = Record<string, Record<string, string | number>>

/** What is wrong with a value that was typed; nothing where it is empty, for then it is inherited. */
export function valueFault(parameter: BaselineParameter, typed: string): string | undefined {
  const text = typed.trim()
  if (text === '') return undefined
  if (typeof parameter.default === 'number') {
    const least = parameter.min ?? Number.NEGATIVE_INFINITY
    const most = parameter.max ?? Number.POSITIVE_INFINITY
    if (!/^-?\d{1,15}$/.test(text)) return 'A whole number'
    return Number(text) < least || Number(text) > most ? rangeText(parameter) : undefined
  }
  return text.length > 200 ? 'At most 200 characters' : undefined
}

/** "1 to 6", where it has a range. */
export function rangeText({ min, max }: Pick<BaselineParameter, 'min' | 'max'>): string {
  if (typeof min === 'number' && typeof max === 'number') return `${min} to ${max}`
  return typeof min === 'number' ? `${min} and more` : typeof max === 'number' ? `up to ${max}` : ''
}

/** The values with one of them set, or taken away where the text is empty. */
export function withValue(values: ProfileValues, check: string, parameter: BaselineParameter, typed: string): ProfileValues {
  const { [parameter.name]: _, ...others } = values[check] ?? {}
  const text = typed.trim()
  const own = text === '' ? others : { ...others, [parameter.name]: typeof parameter.default === 'number' && /^-?\d{1,15}$/.test(text) ? Number(text) : text }
  const { [check]: __, ...rest } = values
  return Object.keys(own).length ? { ...rest, [check]: own } : rest
}

/** The first value that a parameter does not take, in words. */
export function firstFault(values: ProfileValues, catalogue: BaselineCheck[]): string | undefined {
  for (const check of catalogue) {
    for (const parameter of check.parameters) {
      const value = values[check.id]?.[parameter.name]
      const fault = value === undefined ? undefined : valueFault(parameter, String(value))
      if (fault) return `${check.title}: ${parameter.what}: ${fault}`
    }
  }
  return undefined
}
