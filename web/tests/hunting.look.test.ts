import { describe, expect, it } from 'vitest'
import { huntingSearch } from '../src/lib/search'
import { boundOf } from '../src/pages/hunting/chart/axes'
import { asksForChart, choiceOf, joinNames, splitNames } from '../src/pages/hunting/chart/choice'
import { PALETTE } from '../src/pages/hunting/chart/palette'
import { walk } from '../src/pages/hunting/chart/walk'

/** WCAG's relative luminance of "#rrggbb". */
function luminance(colour: string): number {
  const [r, g, b] = [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16) / 255).map((c) => (c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
  return 0.2126 * r! + 0.7152 * g! + 0.0722 * b!
}
const contrast = (a: string, b: string) => {
  const [low, high] = [luminance(a), luminance(b)].sort((x, y) => x - y)
  return (high! + 0.05) / (low! + 0.05)
}

describe('colours', () => {
  it.each([['light', '#ffffff'], ['dark', '#292929']] as const)('stand out of the ground in %s', (theme, ground) => {
    for (const colour of PALETTE[theme]) expect(contrast(colour, ground), colour).toBeGreaterThanOrEqual(3)
    expect(new Set(PALETTE[theme]).size).toBe(13)
  })
})

describe('the chart in the address', () => {
  it('keeps names with commas and backslashes', () => {
    const names = ['a,b', 'c\\', 'd']
    expect(splitNames(joinNames(names))).toEqual(names)
    expect(joinNames([])).toBeUndefined()
  })
  it('is read, and what is wrong is dropped', () => {
    const search = huntingSearch({ view: 'chart', chart: 'piechart', x: 'Name', y: 'A,B', split: '', stack: 'stacked', technique: 'T1059.004', list: 'true' })
    expect(search).toMatchObject({ view: 'chart', chart: 'piechart', stack: 'stacked', technique: 'T1059.004', list: true })
    expect(choiceOf(search)).toEqual({ chart: 'piechart', x: 'Name', y: ['A', 'B'], split: [], stack: 'stacked' })
    expect(huntingSearch({ view: 'film', chart: 'constructor', stack: 'x', technique: 'T1', list: '2' })).toEqual({})
    expect(choiceOf(huntingSearch({ chart: 'attack' })).chart).toBeUndefined()
  })
  it('knows a text that asks for a chart itself', () => {
    expect(asksForChart('T | summarize count()\n|  render piechart')).toBe(true)
    expect(asksForChart('T // | render piechart\n| take 1')).toBe(false)
  })
})

it('reads bounds of an axis as what the axis has', () => {
  expect(boundOf('2026-11-29T00:00:00Z', true)).toBe(Date.UTC(2026, 10, 29))
  expect(boundOf(5, false)).toBe(5)
  expect(boundOf('far', false)).toBeUndefined()
  expect(boundOf(undefined, true)).toBeUndefined()
})

describe('the keyboard in a chart', () => {
  it('goes along a series and over to the next that has points', () => {
    expect(walk(undefined, 'ArrowRight', [0, 3])).toEqual({ series: 1, point: 0 })
    expect(walk({ series: 0, point: 1 }, 'ArrowRight', [2, 0, 1])).toEqual({ series: 0, point: 1 })
    expect(walk({ series: 0, point: 1 }, 'ArrowDown', [2, 0, 1])).toEqual({ series: 2, point: 0 })
    expect(walk({ series: 0, point: 1 }, 'ArrowUp', [2])).toEqual({ series: 0, point: 1 })
    expect(walk({ series: 0, point: 1 }, 'End', [9])).toEqual({ series: 0, point: 8 })
  })
  it('leaves other keys alone, and has nowhere to go without points', () => {
    expect(walk(undefined, 'a', [1])).toBeUndefined()
    expect(walk(undefined, 'ArrowRight', [0])).toBeUndefined()
  })
})
