/** Microseconds are kept in the text; a Date carries milliseconds only. */
export function parseInstant(text: string | null | undefined): Date | null {
  if (!text) return null
  const at = new Date(text)
  return Number.isNaN(at.getTime()) ? null : at
}

const pad = (n: number, width = 2) => String(n).padStart(width, '0')

/** Local wall time, sortable, without a zone: 2026-11-23 14:05:09. */
export function formatLocal(at: Date, withMillis = false): string {
  const day = `${at.getFullYear()}-${pad(at.getMonth() + 1)}-${pad(at.getDate())}`
  const time = `${pad(at.getHours())}:${pad(at.getMinutes())}:${pad(at.getSeconds())}`
  return withMillis ? `${day} ${time}.${pad(at.getMilliseconds(), 3)}` : `${day} ${time}`
}

/** The same instant in UTC as the server wrote it, for the hover. */
export function formatUtc(text: string): string {
  return text.replace('T', ' ').replace(/(\.\d+)?(Z|\+00:00)$/, (_, fraction: string | undefined) => `${fraction ?? ''} UTC`)
}

const STEPS: [number, string][] = [
  [60, 'second'],
  [3600, 'minute'],
  [86_400, 'hour'],
  [86_400 * 30, 'day'],
  [86_400 * 365, 'month'],
  [Infinity, 'year'],
]
const UNIT = [1, 60, 3600, 86_400, 86_400 * 30, 86_400 * 365]

/** An age in words relative to `now`: "just now", "5 minutes ago", "in 2 hours". */
export function formatRelative(at: Date, now: Date): string {
  const seconds = (at.getTime() - now.getTime()) / 1000
  const size = Math.abs(seconds)
  // The page's clock ticks every ten seconds: what seems to come within it has just been.
  if (size < 5 || (seconds > 0 && seconds <= 10)) return 'just now'
  const step = STEPS.findIndex(([limit]) => size < limit)
  // Ages are what has passed; a time to come is rounded, so that one day is not "in 23 hours".
  const amount = (seconds < 0 ? Math.floor : Math.round)(size / UNIT[step]!)
  const words = `${amount} ${STEPS[step]![1]}${amount === 1 ? '' : 's'}`
  return seconds < 0 ? `${words} ago` : `in ${words}`
}

/** A length of time in the largest unit that keeps it readable. */
export function formatMillis(ms: number): string {
  if (ms < 1) return `${ms.toFixed(2)} ms`
  if (ms < 999.5) return `${Math.round(ms)} ms`
  if (ms < 59_950) return `${(ms / 1000).toFixed(ms < 9_995 ? 2 : 1)} s`
  const seconds = Math.round(ms / 1000)
  return `${Math.floor(seconds / 60)} min${seconds % 60 ? ` ${seconds % 60} s` : ''}`
}

export const RANGES = { '1h': 3600, '24h': 86_400, '7d': 7 * 86_400, '30d': 30 * 86_400 } as const
export type RangeKey = keyof typeof RANGES

export function isRange(text: unknown): text is RangeKey {
  return typeof text === 'string' && Object.hasOwn(RANGES, text)
}

/** Start of a preset range, to the second, so that a reload within it keeps its cache key. */
export function rangeStart(range: RangeKey, now: Date): string {
  const seconds = Math.floor(now.getTime() / 1000) - RANGES[range]
  return new Date(seconds * 1000).toISOString()
}

/** Text of an <input type="datetime-local"> from an instant, and back to RFC 3339 UTC. */
export function toLocalInput(text: string | undefined): string {
  const at = parseInstant(text)
  return at ? formatLocal(at).replace(' ', 'T') : ''
}
export function fromLocalInput(text: string): string | undefined {
  const at = parseInstant(text)
  return at?.toISOString()
}
