const NUMERIC = new Set(['int', 'long', 'real', 'decimal'])

/** "[d.]hh:mm:ss[.fffffff]" as seconds; NaN if it is not a timespan. */
export function timespanSeconds(text: string): number {
  const found = /^(-)?(?:(\d+)\.)?(\d{1,2}):(\d{2}):(\d{2}(?:\.\d+)?)$/.exec(text)
  if (!found) return Number.NaN
  const [, sign, days, hours, minutes, seconds] = found
  const total = Number(days ?? 0) * 86_400 + Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds)
  return sign ? -total : total
}

/** Order of two cells of a column of this KQL type; nulls last when ascending. */
export function compareCells(type: string, a: unknown, b: unknown): number {
  const emptyA = a === null || a === undefined
  const emptyB = b === null || b === undefined
  if (emptyA || emptyB) return Number(emptyA) - Number(emptyB)
  if (NUMERIC.has(type) || type === 'bool') return Number(a) - Number(b)
  if (type === 'timespan') return timespanSeconds(String(a)) - timespanSeconds(String(b))
  // Without the Z a whole second is a prefix of its fractions, as it should be in their order.
  if (type === 'datetime') return order(String(a).replace(/Z$/, ''), String(b).replace(/Z$/, ''))
  const left = typeof a === 'object' ? JSON.stringify(a) : String(a)
  const right = typeof b === 'object' ? JSON.stringify(b) : String(b)
  return order(left, right)
}

const order = (left: string, right: string): number => (left < right ? -1 : left > right ? 1 : 0)

export const isNumeric = (type: string): boolean => NUMERIC.has(type)
