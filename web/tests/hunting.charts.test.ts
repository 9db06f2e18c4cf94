import { describe, expect, it } from 'vitest'
import type { Render, ResultColumn } from '../src/api/types'
import { chartModel, type ChartModel, MOST_CATEGORIES, MOST_SERIES } from '../src/pages/hunting/chart/model'
import { pointReader } from '../src/pages/hunting/chart/reader'
import { aligned, shares, slices } from '../src/pages/hunting/chart/series'
import { type ChartChoice, chartSpec } from '../src/pages/hunting/chart/spec'

const col = (name: string, type: string): ResultColumn => ({ name, type })
const TIMED = [col('At', 'datetime'), col('Device', 'string'), col('Count', 'long')]
const render = (visualization: string, more: Partial<Render> = {}): Render => ({
  visualization, title: null, x_column: null, x_title: null, y_title: null, y_columns: [], series: [], anomaly_columns: [], kind: null, legend: null,
  y_split: null, accumulate: false, x_axis: null, y_axis: null, x_min: null, x_max: null, y_min: null, y_max: null, ...more,
})
function draw(columns: ResultColumn[], rows: unknown[][], asked: Render | null, choice: ChartChoice = {}): ChartModel {
  const model = chartModel(columns, rows, chartSpec(columns, rows, asked, choice)!)
  if ('fault' in model) throw new Error(model.fault)
  return model
}
const names = (model: ChartModel) => model.series.map((one) => one.name)
const values = (model: ChartModel, at = 0) => model.series[at]!.points.map((point) => point.y)

describe('which columns are drawn', () => {
  it('time along, numbers up, texts apart', () => {
    expect(chartSpec(TIMED, [], render('timechart'), {})).toMatchObject({ kind: 'timechart', x: 0, ys: [2], split: [1], stack: 'unstacked', legend: true })
  })
  it('what the query names goes before what is found', () => {
    const columns = [col('A', 'long'), col('B', 'long'), col('When', 'datetime'), col('Kind', 'string'), col('Host', 'string')]
    const spec = chartSpec(columns, [], render('linechart', { x_column: 'A', y_columns: ['B'], series: ['Host'], legend: 'hidden', y_axis: 'log', y_split: 'panels' }), {})
    expect(spec).toMatchObject({ x: 0, ys: [1], split: [4], legend: false, logY: true, panels: 'panels' })
  })
  it('what a person chose goes before what the query names; a column that is gone is left out', () => {
    expect(chartSpec(TIMED, [], render('timechart'), { chart: 'columnchart', x: 'Device', y: ['Count', 'Gone'], split: [], stack: 'stacked' })).toMatchObject({ kind: 'columnchart', x: 1, ys: [2], split: [], stack: 'stacked' })
  })
  it('stacks areas, and columns only where the query says so', () => {
    expect(chartSpec(TIMED, [], render('areachart'), {})?.stack).toBe('stacked')
    expect(chartSpec(TIMED, [], render('areachart', { kind: 'unstacked' }), {})?.stack).toBe('unstacked')
    expect(chartSpec(TIMED, [], render('stackedareachart'), {})).toMatchObject({ kind: 'areachart', stack: 'stacked' })
    expect(chartSpec(TIMED, [], render('areachart', { y_axis: 'log' }), {})?.stack).toBe('unstacked')
    expect(chartSpec(TIMED, [], render('columnchart'), {})?.stack).toBe('unstacked')
    expect(chartSpec(TIMED, [], render('columnchart', { kind: 'stacked100' }), {})?.stack).toBe('stacked100')
  })
  it('has nothing for what is not drawn here, or where nothing asks', () => {
    expect(chartSpec(TIMED, [], render('treemap'), {})).toBeUndefined()
    expect(chartSpec(TIMED, [], null, {})).toBeUndefined()
    expect(chartSpec(TIMED, [], null, { chart: 'piechart' })).toMatchObject({ kind: 'piechart' })
  })
})

describe('what is drawn', () => {
  it('a line for each text, in the order of time, with the row of each point', () => {
    const rows = [['2026-11-29T02:00:00Z', 'web', 3], ['2026-11-29T01:00:00.1234567Z', 'web', 1], ['2026-11-29T01:00:00Z', 'db', 2]]
    const model = draw(TIMED, rows, render('timechart'))
    expect(model.axis).toBe('time')
    expect(names(model)).toEqual(['web', 'db'])
    expect(model.series[0]!.points).toEqual([{ x: Date.UTC(2026, 10, 29, 1, 0, 0, 123), y: 1, row: 1 }, { x: Date.UTC(2026, 10, 29, 2), y: 3, row: 0 }])
  })
  it('several columns of numbers are several lines, named with their text', () => {
    const columns = [col('At', 'datetime'), col('Host', 'string'), col('In', 'long'), col('Out', 'real')]
    const model = draw(columns, [['2026-11-29T01:00:00Z', 'web', 1, 2.5], ['2026-11-29T01:00:00Z', null, 3, null]], render('timechart'))
    expect(names(model)).toEqual(['web · In', 'web · Out', '(empty) · In', '(empty) · Out'])
    expect(values(model, 3)).toEqual([null])
    expect(model.series.map((one) => one.unit)).toEqual([0, 1, 0, 1])
  })
  it('the arrays of make-series, with anomalies as marks', () => {
    const columns = [col('Host', 'string'), col('Count', 'dynamic'), col('At', 'dynamic'), col('Flags', 'dynamic')]
    const rows = [['web', [1, 9, null], ['2026-11-29T01:00:00Z', '2026-11-29T02:00:00Z', '2026-11-29T03:00:00Z'], [0, 1, -1]]]
    const model = draw(columns, rows, render('anomalychart', { anomaly_columns: ['Flags'] }))
    expect(model.axis).toBe('time')
    expect(names(model)).toEqual(['web', 'Anomalies of web'])
    expect(values(model)).toEqual([1, 9, null])
    expect(model.series[1]).toMatchObject({ marks: true, points: [{ x: Date.UTC(2026, 10, 29, 2), y: 9, row: 0 }] })
  })
  it('arrays as text are read too', () => {
    const columns = [col('Count', 'dynamic'), col('At', 'dynamic')]
    expect(values(draw(columns, [['[1,2]', '["2026-11-29T01:00:00Z","2026-11-29T02:00:00Z"]']], render('timechart')))).toEqual([1, 2])
  })
  it('columns add up what has one name, in the order of appearance', () => {
    const model = draw([col('Name', 'string'), col('N', 'decimal')], [['b', '1.5'], ['a', '2'], ['b', '3']], render('columnchart'))
    expect(model.categories).toEqual(['b', 'a'])
    expect(model.series[0]!.points).toEqual([{ x: 0, y: 4.5, row: undefined }, { x: 1, y: 2, row: 1 }])
  })
  it('columns over numbers stand in the order of the numbers', () => {
    expect(draw([col('Port', 'int'), col('N', 'long')], [[443, 1], [22, 2]], render('columnchart')).categories).toEqual(['22', '443'])
  })
  it('one row of figures stands beside each other', () => {
    const model = draw([col('A', 'long'), col('B', 'long')], [[1, 2]], render('columnchart'))
    expect(names(model)).toEqual(['A', 'B'])
    expect(model.categories).toEqual([''])
  })
  it('without a column along, a line runs over the rows', () => {
    const model = draw([col('N', 'long')], [[5], [7]], render('linechart'))
    expect(model.series[0]!.points.map((point) => point.x)).toEqual([0, 1])
  })
  it('a scatter keeps each point', () => {
    const model = draw([col('X', 'real'), col('Y', 'real')], [[1, 2], [1, 3]], render('scatterchart'))
    expect(model).toMatchObject({ axis: 'number' })
    expect(values(model)).toEqual([2, 3])
  })
  it('accumulates', () => {
    const rows = [['2026-11-29T02:00:00Z', 'w', 3], ['2026-11-29T01:00:00Z', 'w', 1]]
    expect(values(draw(TIMED, rows, render('timechart', { accumulate: true })))).toEqual([1, 4])
  })
  it('a timespan counts in seconds where there is no number', () => {
    expect(values(draw([col('At', 'datetime'), col('Took', 'timespan')], [['2026-11-29T01:00:00Z', '00:01:30']], render('timechart')))).toEqual([90])
  })
})

describe('what is too much or too little', () => {
  it('keeps twelve series and adds the others up', () => {
    const rows = Array.from({ length: 15 }, (_, i) => ['2026-11-29T01:00:00Z', `d${i}`, i + 1])
    const model = draw(TIMED, rows, render('timechart'))
    expect(model.series).toHaveLength(MOST_SERIES + 1)
    expect(names(model).at(-1)).toBe('Others (3)')
    expect(values(model, MOST_SERIES)).toEqual([6])
    expect(model.notes.join()).toContain('12 largest of 15')
  })
  it('the others of a scatter are not added up', () => {
    const rows = Array.from({ length: 14 }, (_, i) => [1, i + 1, `d${i}`])
    const model = draw([col('X', 'long'), col('Y', 'long'), col('D', 'string')], rows, render('scatterchart'))
    expect(values(model, MOST_SERIES)).toEqual([1, 2])
  })
  it('draws the first thousand categories and says so', () => {
    const rows = Array.from({ length: MOST_CATEGORIES + 5 }, (_, i) => [`n${i}`, 1])
    const model = draw([col('Name', 'string'), col('N', 'long')], rows, render('barchart'))
    expect(model.categories).toHaveLength(MOST_CATEGORIES)
    expect(model.notes.join()).toContain('categories')
  })
  it('a pie is of all its names, however many', () => {
    const rows = Array.from({ length: MOST_CATEGORIES + 5 }, (_, i) => [`n${i}`, i])
    const model = draw([col('Name', 'string'), col('N', 'long')], rows, render('piechart'))
    expect(slices(model.series, model.categories, 1)[0]).toEqual({ name: `n${MOST_CATEGORIES + 4}`, value: MOST_CATEGORIES + 4, row: MOST_CATEGORIES + 4 })
    expect(model.notes).toEqual([])
  })
  it('a logarithmic axis has no place for nought, and says how many are missing', () => {
    const rows = [['2026-11-29T01:00:00Z', 'w', 0], ['2026-11-29T02:00:00Z', 'w', 10]]
    const model = draw(TIMED, rows, render('timechart', { y_axis: 'log' }))
    expect(values(model)).toEqual([10])
    expect(model.notes.join()).toContain('1 values of nought')
  })
  it.each([
    ['no rows', TIMED, [], render('timechart')],
    ['no numbers', [col('Name', 'string')], [['a']], render('columnchart')],
    ['only nulls', TIMED, [['2026-11-29T01:00:00Z', 'w', null]], render('timechart')],
    ['a pie of nought', [col('Name', 'string'), col('N', 'long')], [['a', 0]], render('piechart')],
  ])('says why there is nothing: %s', (_, columns, rows, asked) => {
    expect(chartModel(columns, rows, chartSpec(columns, rows, asked, {})!)).toHaveProperty('fault')
  })
})

describe('what a point says', () => {
  it('is its series, place and value, and the row that made it', () => {
    const model = draw([col('Name', 'string'), col('A', 'long'), col('B', 'long')], [['x', 1, 2], ['y', 3, null]], render('columnchart'))
    const reader = pointReader(model)
    expect(reader.sizes).toEqual([2, 2])
    expect(reader.text({ series: 0, point: 1 })).toBe('A, y: 3')
    expect(reader.text({ series: 1, point: 1 })).toBe('B, y: no value')
    expect(reader.row({ series: 0, point: 1 })).toBe(1)
    expect(reader.row({ series: 9, point: 9 })).toBeUndefined()
  })
  it('is a slice of a pie with the others at its end', () => {
    const rows = Array.from({ length: 20 }, (_, i) => [`n${i + 1}`, i + 1])
    const reader = pointReader(draw([col('Name', 'string'), col('N', 'long')], rows, render('piechart')))
    expect(reader.sizes).toEqual([13])
    expect(reader.text({ series: 0, point: 12 })).toBe('Others (8): 36')
    expect(reader.row({ series: 0, point: 0 })).toBe(19)
  })
})

describe('stacks and pies', () => {
  const two = [
    { name: 'a', unit: 0, points: [{ x: 1, y: 1, row: 0 }, { x: 2, y: 3, row: 1 }] },
    { name: 'b', unit: 0, points: [{ x: 2, y: 1, row: 2 }] },
  ]
  it('a stack has every series at every place', () => {
    expect(aligned(two).map((one) => one.points.map((point) => point.y))).toEqual([[1, 3], [0, 1]])
  })
  it('shares add up to a hundred', () => {
    expect(shares(aligned(two)).map((one) => one.points.map((point) => point.y))).toEqual([[100, 75], [0, 25]])
  })
  it('slices are by size, without nought, the smallest as one', () => {
    const model = draw([col('Name', 'string'), col('N', 'long')], [['a', 1], ['b', 5], ['none', 0], ['a', 2], ['c', 1], ['d', 1]], render('piechart'))
    expect(slices(model.series, model.categories, 2)).toEqual([{ name: 'b', value: 5, row: 1 }, { name: 'a', value: 3, row: undefined }, { name: 'Others (2)', value: 2, row: undefined }])
  })
})
