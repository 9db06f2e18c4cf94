import { describe, expect, it } from 'vitest'
import { exportsSearch } from '../src/lib/search'
import { newExport, runContent, scheduleWords, timeOf, timesOf, timeText, wholeOf } from '../src/pages/exports/schedule'

describe('a schedule', () => {
  it.each([
    [timesOf('hour', 5, 4, 2), 'Every hour at minute 5'],
    [timesOf('day', 5, 4, 2), 'Every day at 04:05 UTC'],
    [timesOf('week', 30, 23, 7), 'Every Sunday at 23:30 UTC'],
  ])('in words: %j', (times, words) => expect(scheduleWords(times)).toBe(words))
  it('has what its rhythm needs and nothing else', () => {
    expect(timesOf('hour', 5, 4, 2)).toEqual({ every: 'hour', at_minute: 5, at_hour: null, on_weekday: null })
    expect(timesOf('day', 5, 4, 2)).toEqual({ every: 'day', at_minute: 5, at_hour: 4, on_weekday: null })
  })
  it('begins each night, with the query that was open', () => {
    expect(newExport('DeviceInfo')).toMatchObject({ query: 'DeviceInfo', every: 'day', at_hour: 4, keep: 7, enabled: true })
  })
})

it('reads times of day', () => {
  expect(timeOf('04:30')).toEqual({ hour: 4, minute: 30 })
  expect(timeOf('24:00')).toBeUndefined()
  expect(timeOf('')).toBeUndefined()
  expect(timeText(4, 5)).toBe('04:05')
  expect(timeText(null, 0)).toBe('00:00')
})

it('reads whole numbers within bounds', () => {
  expect(wholeOf('7', 1, 100)).toBe(7)
  for (const wrong of ['', '0', '101', '1.5', 'x']) expect(wholeOf(wrong, 1, 100), wrong).toBeUndefined()
})

it('writes addresses that an identifier cannot leave', () => expect(runContent('a/b', '../c')).toBe('/api/v1/hunting/scheduled-exports/a%2Fb/runs/..%2Fc/content'))

it('reads the open export', () => expect(exportsSearch({ open: 'new', q: 'T', x: 1 })).toEqual({ open: 'new', q: 'T' }))
