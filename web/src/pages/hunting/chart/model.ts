import type { ResultColumn } from '../../../api/types'
import { formatLocal } from '../../../lib/time'
import { labelOf } from './cells'
import { type Sample, samplesOf } from './samples'
import { type ChartSpec, hasCategories } from './spec'
import { keepLargest, runningTotals, slices, totalsByX } from './series'

/** One thing that is drawn: `x` is an instant in milliseconds, a number, or the index of a category. */
export interface Point {
  x: number
  y: number | null
  /** The row that made it; undefined where several did. */
  row: number | undefined
}

export interface Series {
  name: string
  /** Which of the value columns it shows: the panel or axis that it belongs to. */
  unit: number
  points: Point[]
  /** Marks over another series instead of a line of its own. */
  marks?: boolean
}

export type Axis = 'time' | 'number' | 'category'

export interface ChartModel {
  spec: ChartSpec
  axis: Axis
  /** The names of categories by index, and their rows' instants where they are times. */
  categories: string[]
  series: Series[]
  xName: string
  units: string[]
  /** What is left out of the picture, in sentences. */
  notes: string[]
}

/** Why nothing can be drawn. */
export interface ChartFault {
  fault: string
}

/** Series that stay apart; what is beyond them is drawn as one. */
export const MOST_SERIES = 12
/** Categories that are drawn. */
export const MOST_CATEGORIES = 1_000
/** Points that are drawn. */
export const MOST_POINTS = 100_000

/** What is drawn of a result. Pure: the same rows and spec give the same chart. */
export function chartModel(columns: ResultColumn[], rows: unknown[][], spec: ChartSpec): ChartModel | ChartFault {
  if (rows.length === 0) return { fault: 'The query found no rows.' }
  if (spec.ys.length === 0) return { fault: 'No column holds numbers. Summarise, for example with count(), or choose the columns.' }
  const notes: string[] = []
  const { samples, cut } = samplesOf(columns, rows, spec, MOST_POINTS)
  if (cut) notes.push(`Only the first ${MOST_POINTS.toLocaleString()} points are drawn.`)
  const drawable = samples.filter((sample) => sample.y !== null && !(spec.logY && sample.y <= 0))
  const dropped = samples.filter((sample) => sample.y !== null).length - drawable.length
  if (dropped > 0) notes.push(`${dropped.toLocaleString()} values of nought or less have no place on a logarithmic axis.`)
  if (drawable.length === 0) return { fault: 'The chosen columns hold no numbers.' }

  const placed = place(columns, spec, spec.logY ? drawable : samples, notes)
  let series = grouped(placed.samples)
  const apart = series.filter((one) => !one.marks)
  if (apart.length > MOST_SERIES && spec.kind !== 'piechart') {
    const others = apart.length - MOST_SERIES
    series = [...keepLargest(apart, MOST_SERIES, spec.kind !== 'scatterchart'), ...series.filter((one) => one.marks)]
    notes.push(`The ${MOST_SERIES} largest of ${apart.length} series are apart; the other ${others} are drawn as one.`)
  }
  if (placed.axis === 'category' || spec.stack !== 'unstacked') series = series.map((one) => (one.marks || spec.kind === 'scatterchart' ? one : totalsByX(one)))
  else if (spec.kind !== 'scatterchart') series = series.map((one) => ({ ...one, points: one.points.toSorted((a, b) => a.x - b.x) }))
  if (spec.kind === 'piechart' && slices(series, placed.categories, MOST_SERIES).length === 0) return { fault: 'No value is above nought, so that a pie has no slices.' }
  if (spec.accumulate) series = series.map((one) => (one.marks ? one : runningTotals(one)))
  return {
    spec,
    axis: placed.axis,
    categories: placed.categories,
    series,
    xName: spec.xTitle ?? (spec.x === undefined ? '' : columns[spec.x]!.name),
    units: spec.ys.map((index) => columns[index]!.name),
    notes,
  }
}

interface Placed {
  samples: (Sample & { at: number })[]
  axis: Axis
  categories: string[]
}

/** Gives each sample its place on the axis. */
function place(columns: ResultColumn[], spec: ChartSpec, samples: Sample[], notes: string[]): Placed {
  const kinds = new Set(samples.map((sample) => sample.xKind))
  const only = kinds.size === 1 ? [...kinds][0] : 'text'
  if (!hasCategories(spec.kind) && (only === 'time' || only === 'number')) {
    const withX = samples.flatMap((sample) => {
      const at = typeof sample.x === 'number' ? sample.x : null
      return at === null || (spec.logX && only === 'number' && at <= 0) ? [] : [{ ...sample, at }]
    })
    const lost = samples.length - withX.length
    if (lost > 0) notes.push(`${lost.toLocaleString()} points have no place on the axis of ${spec.x === undefined ? 'rows' : columns[spec.x]!.name}.`)
    return { samples: withX, axis: only, categories: [] }
  }
  const order = only === 'time' || only === 'number' ? samples.toSorted((a, b) => Number(a.x) - Number(b.x)) : samples
  const seen = new Map<string, number>()
  for (const sample of order) {
    const name = categoryName(sample)
    if (!seen.has(name)) seen.set(name, seen.size)
  }
  const all = seen.size
  // A pie puts its small slices together, and needs all of them for that.
  if (spec.kind === 'piechart') return { samples: order.map((sample) => ({ ...sample, at: seen.get(categoryName(sample))! })), axis: 'category', categories: [...seen.keys()] }
  if (all > MOST_CATEGORIES) notes.push(`Only the first ${MOST_CATEGORIES.toLocaleString()} of ${all.toLocaleString()} categories are drawn.`)
  const kept = order.flatMap((sample) => {
    const at = seen.get(categoryName(sample))!
    return at < MOST_CATEGORIES ? [{ ...sample, at }] : []
  })
  return { samples: kept, axis: 'category', categories: [...seen.keys()].slice(0, MOST_CATEGORIES) }
}

function categoryName(sample: Sample): string {
  if (sample.xKind === 'time' && typeof sample.x === 'number') return formatLocal(new Date(sample.x))
  return sample.x === null && sample.xKind === 'none' ? '' : labelOf(sample.x)
}

function grouped(samples: Placed['samples']): Series[] {
  const found = new Map<string, Series>()
  for (const { name, unit, marks, at, y, row } of samples) {
    const key = `${marks ? 1 : 0} ${unit} ${name}`
    let series = found.get(key)
    if (!series) found.set(key, (series = { name, unit, points: [], ...(marks && { marks }) }))
    series.points.push({ x: at, y, row })
  }
  return [...found.values()]
}
