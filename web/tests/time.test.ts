import { describe, expect, it } from 'vitest'
import { formatLocal, formatMillis, formatRelative, formatUtc, fromLocalInput, isRange, parseInstant, rangeStart, toLocalInput } from '../src/lib/time'

const now = new Date('2026-11-23T12:00:00Z')
const before = (seconds: number) => new Date(now.getTime() - seconds * 1000)

describe('ages', () => {
  it.each([
    [0, 'just now'],
    [4, 'just now'],
    [-9, 'just now'],
    [59, '59 seconds ago'],
    [60, '1 minute ago'],
    [3599, '59 minutes ago'],
    [7200, '2 hours ago'],
    [86_400, '1 day ago'],
    [86_400 * 45, '1 month ago'],
    [86_400 * 800, '2 years ago'],
    [-7200, 'in 2 hours'],
    [-86_399, 'in 24 hours'],
  ])('%i seconds', (seconds, words) => expect(formatRelative(before(seconds), now)).toBe(words))
})

describe('instants', () => {
  it('keeps microseconds for the hover', () => {
    expect(formatUtc('2026-11-23T12:00:00.123456Z')).toBe('2026-11-23 12:00:00.123456 UTC')
    expect(formatUtc('2026-11-23T12:00:00Z')).toBe('2026-11-23 12:00:00 UTC')
  })
  it('shows local wall time', () => {
    const at = new Date(2026, 0, 5, 7, 8, 9, 12)
    expect(formatLocal(at)).toBe('2026-01-05 07:08:09')
    expect(formatLocal(at, true)).toBe('2026-01-05 07:08:09.012')
  })
  it('takes what is no instant as none', () => {
    expect(parseInstant(null)).toBeNull()
    expect(parseInstant('yesterday')).toBeNull()
  })
  it('goes to an input and back', () => {
    const text = '2026-11-23T12:34:56.000Z'
    expect(fromLocalInput(toLocalInput(text))).toBe(text)
    expect(toLocalInput(undefined)).toBe('')
    expect(fromLocalInput('')).toBeUndefined()
  })
})

describe('lengths and ranges', () => {
  it.each([[0.5, '0.50 ms'], [12.4, '12 ms'], [1532, '1.53 s'], [999.7, '1.00 s'], [9_999, '10.0 s'], [59_980, '1 min'], [61_000, '1 min 1 s'], [119_900, '2 min']])('%d ms', (ms, text) => expect(formatMillis(ms)).toBe(text))
  it('starts a range to the second', () => {
    expect(rangeStart('1h', new Date('2026-11-23T12:00:00.900Z'))).toBe('2026-11-23T11:00:00.000Z')
    expect(isRange('24h')).toBe(true)
    expect(isRange('25h')).toBe(false)
    expect(isRange('toString')).toBe(false)
  })
})
