/** Months of the UTC clock, by which usage is metered: "2026-11". */
export type Month = string

export const monthOf = (at: Date): Month => at.toISOString().slice(0, 7)

export function isMonth(text: unknown): text is Month {
  return typeof text === 'string' && /^\d{4}-(0[1-9]|1[0-2])$/.test(text)
}

/** The month so many months later, or earlier. */
export function addMonths(month: Month, n: number): Month {
  const [year, index] = month.split('-').map(Number) as [number, number]
  return monthOf(new Date(Date.UTC(year, index - 1 + n, 1)))
}

/** "November 2026", in the reader's language. */
export function monthName(month: Month): string {
  const at = new Date(`${month}-15T00:00:00Z`)
  return at.toLocaleDateString(undefined, { month: 'long', year: 'numeric', timeZone: 'UTC' })
}

/** The newest months first, and the chosen one if it is older. */
export function monthsBack(now: Date, count: number, chosen: Month): Month[] {
  const newest = monthOf(now)
  const months = Array.from({ length: count }, (_, i) => addMonths(newest, -i))
  return months.includes(chosen) ? months : [...months, chosen].sort().reverse()
}
