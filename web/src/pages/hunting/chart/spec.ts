import type { Render, ResultColumn } from '../../../api/types'
import { type ChartKind, isChartKind, type Stack } from '../../../lib/charts'
import { isNumeric } from '../../../lib/compare'
import { arrayKind } from './cells'

/** What a person chose in place of what the query says; columns by name. */
export interface ChartChoice {
  chart?: ChartKind
  x?: string
  y?: string[]
  split?: string[]
  stack?: Stack
}

/** A chart in terms of the result's columns, by index. */
export interface ChartSpec {
  kind: ChartKind
  /** Undefined: points are counted, or columns stand beside each other. */
  x: number | undefined
  ys: number[]
  split: number[]
  anomalies: number[]
  stack: Stack
  panels: 'none' | 'axes' | 'panels'
  accumulate: boolean
  legend: boolean
  logX: boolean
  logY: boolean
  title: string | undefined
  xTitle: string | undefined
  yTitle: string | undefined
  xMin: number | string | undefined
  xMax: number | string | undefined
  yMin: number | string | undefined
  yMax: number | string | undefined
}

const CATEGORIES: readonly ChartKind[] = ['columnchart', 'barchart', 'piechart']
export const hasCategories = (kind: ChartKind): boolean => CATEGORIES.includes(kind)
export const canStack = (kind: ChartKind): boolean => kind === 'columnchart' || kind === 'barchart' || kind === 'areachart'

/** The kind that a visualisation's name stands for; undefined where it is not drawn here. */
export function kindOf(visualization: string | undefined): ChartKind | undefined {
  const name = visualization?.toLowerCase()
  if (name === 'stackedareachart') return 'areachart'
  return isChartKind(name) ? name : undefined
}

/** The chart of a result: the query's `render`, and over it what a person chose. */
export function chartSpec(columns: ResultColumn[], rows: unknown[][], render: Render | null, choice: ChartChoice): ChartSpec | undefined {
  const kind = choice.chart ?? kindOf(render?.visualization)
  if (!kind) return undefined
  const at = (name: string | null | undefined) => columns.findIndex((column) => column.name === name)
  const indexes = (names: string[] | undefined) => (names ?? []).map(at).filter((index) => index >= 0)
  const traits = columns.map((column, index) => trait(column, rows, index))

  const anomalies = kind === 'anomalychart' ? indexes(render?.anomaly_columns) : []
  const namedX = at(choice.x ?? render?.x_column)
  const named = (choice.y ? indexes(choice.y) : indexes(render?.y_columns)).filter((index) => index !== namedX)
  const namedSplit = choice.split ? indexes(choice.split) : indexes(render?.series)
  const taken = new Set([...named, ...namedSplit, ...anomalies])
  const x = namedX >= 0 ? namedX : defaultX(kind, traits, rows.length, taken)
  const split = namedSplit.filter((index) => index !== x)
  const free = traits.map((_, index) => index).filter((index) => index !== x && !split.includes(index) && !anomalies.includes(index))
  const numbers = free.filter((index) => traits[index] === 'number')
  const ys = named.length > 0 ? named : numbers.length > 0 ? numbers : free.filter((index) => traits[index] === 'span')
  const splitByItself = choice.split === undefined && namedSplit.length === 0 && kind !== 'piechart' && kind !== 'card'

  const stack = choice.stack ?? stackOf(kind, render)
  return {
    kind,
    x,
    // A pie shows one number for each name.
    ys: kind === 'piechart' && x !== undefined ? ys.slice(0, 1) : ys,
    split: splitByItself ? free.filter((index) => traits[index] === 'text' && !ys.includes(index)) : split,
    anomalies,
    // A sum has no place on an axis of logarithms; shares have an axis of their own.
    stack: canStack(kind) && !(stack === 'stacked' && render?.y_axis === 'log') ? stack : 'unstacked',
    panels: render?.y_split === 'axes' || render?.y_split === 'panels' ? render.y_split : 'none',
    accumulate: render?.accumulate ?? false,
    legend: render?.legend !== 'hidden',
    logX: render?.x_axis === 'log',
    logY: render?.y_axis === 'log',
    title: render?.title ?? undefined,
    xTitle: render?.x_title ?? undefined,
    yTitle: render?.y_title ?? undefined,
    xMin: bound(render?.x_min),
    xMax: bound(render?.x_max),
    yMin: bound(render?.y_min),
    yMax: bound(render?.y_max),
  }
}

const bound = (value: unknown): number | string | undefined => (typeof value === 'number' || typeof value === 'string' ? value : undefined)

/** Areas stack unless the query says otherwise; columns stand beside each other. */
function stackOf(kind: ChartKind, render: Render | null): Stack {
  const said = render?.kind
  if (said === 'stacked' || said === 'stacked100' || said === 'unstacked') return said
  return kind === 'areachart' ? 'stacked' : 'unstacked'
}

export type Trait = 'time' | 'number' | 'span' | 'text' | 'other'

/** What a column is good for; a dynamic one by the arrays that it holds. */
export function trait(column: ResultColumn, rows: unknown[][], index: number): Trait {
  if (column.type === 'datetime') return 'time'
  if (isNumeric(column.type)) return 'number'
  if (column.type === 'timespan') return 'span'
  if (column.type === 'string' || column.type === 'bool' || column.type === 'guid') return 'text'
  const held = arrayKind(rows, index)
  return held === 'time' || held === 'number' ? held : 'other'
}

function defaultX(kind: ChartKind, traits: Trait[], rows: number, taken: Set<number>): number | undefined {
  const first = (...wanted: Trait[]) => {
    const found = traits.findIndex((one, index) => wanted.includes(one) && !taken.has(index))
    return found >= 0 ? found : undefined
  }
  if (kind === 'card') return undefined
  if (kind === 'timechart' || kind === 'anomalychart') return first('time') ?? spareNumber(traits, taken)
  if (hasCategories(kind)) {
    const named = traits.findIndex((one, index) => one !== 'number' && one !== 'other' && !taken.has(index))
    // One row of figures: each column stands for itself.
    return named >= 0 ? named : rows > 1 ? spareNumber(traits, taken) : undefined
  }
  return first('time') ?? spareNumber(traits, taken) ?? first('text')
}

/** The first number, where another is left to be drawn over it. */
function spareNumber(traits: Trait[], taken: Set<number>): number | undefined {
  const numbers = traits.flatMap((one, index) => (one === 'number' && !taken.has(index) ? [index] : []))
  const drawn = traits.filter((one, index) => one === 'number' && taken.has(index)).length
  return numbers.length + drawn > 1 ? numbers[0] : undefined
}
