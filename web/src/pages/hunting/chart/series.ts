import type { Point, Series } from './model'

const size = (series: Series): number => series.points.reduce((sum, point) => sum + Math.abs(point.y ?? 0), 0)

/** The largest series apart in their order, and the others as one: added up, or as they are. */
export function keepLargest(series: Series[], most: number, add: boolean): Series[] {
  const sizes = new Map(series.map((one) => [one, size(one)]))
  const kept = new Set(series.toSorted((a, b) => sizes.get(b)! - sizes.get(a)!).slice(0, most))
  const rest = series.filter((one) => !kept.has(one))
  if (rest.length === 0) return series
  const others: Series = { name: `Others (${rest.length})`, unit: rest[0]!.unit, points: rest.flatMap((one) => one.points) }
  return [...series.filter((one) => kept.has(one)), add ? totalsByX(others) : others]
}

/** One point for each place: what is at the same place is added up. In the order of places. */
export function totalsByX(series: Series): Series {
  const totals = new Map<number, Point>()
  for (const point of series.points) {
    const before = totals.get(point.x)
    if (!before) totals.set(point.x, point)
    else totals.set(point.x, { x: point.x, y: before.y === null ? point.y : before.y + (point.y ?? 0), row: undefined })
  }
  return { ...series, points: [...totals.values()].sort((a, b) => a.x - b.x) }
}

/** Each point with all before it. */
export function runningTotals(series: Series): Series {
  let total = 0
  return {
    ...series,
    points: series.points.map((point) => {
      total += point.y ?? 0
      return { ...point, y: total }
    }),
  }
}

/** Every series at every place: a stack has no holes, a missing value is nought. */
export function aligned(series: Series[]): Series[] {
  const places = [...new Set(series.flatMap((one) => one.points.map((point) => point.x)))].sort((a, b) => a - b)
  return series.map((one) => {
    const own = new Map(one.points.map((point) => [point.x, point]))
    return { ...one, points: places.map((x) => own.get(x) ?? { x, y: 0, row: undefined }) }
  })
}

/** Each value as its share of what stands at the same place, in per cent; for aligned series. */
export function shares(series: Series[]): Series[] {
  const sums = new Map<number, number>()
  for (const one of series) for (const point of one.points) sums.set(point.x, (sums.get(point.x) ?? 0) + Math.abs(point.y ?? 0))
  return series.map((one) => ({
    ...one,
    points: one.points.map((point) => {
      const sum = sums.get(point.x) ?? 0
      return { ...point, y: sum === 0 ? 0 : (Math.abs(point.y ?? 0) / sum) * 100 }
    }),
  }))
}

export interface Slice {
  name: string
  value: number
  row: number | undefined
}

/** The slices of a pie, largest first; beyond `most` they are one. What is not above nought has no slice. */
export function slices(series: Series[], categories: string[], most: number): Slice[] {
  const one = series.length === 1 ? totalsByX(series[0]!) : undefined
  const all: Slice[] = one
    ? one.points.map((point) => ({ name: categories[point.x] || one.name, value: point.y ?? 0, row: point.row }))
    : series.map((each) => ({ name: each.name, value: each.points.reduce((sum, point) => sum + (point.y ?? 0), 0), row: each.points.length === 1 ? each.points[0]!.row : undefined }))
  const sorted = all.filter((slice) => slice.value > 0).sort((a, b) => b.value - a.value)
  if (sorted.length <= most) return sorted
  const rest = sorted.slice(most)
  return [...sorted.slice(0, most), { name: `Others (${rest.length})`, value: rest.reduce((sum, slice) => sum + slice.value, 0), row: undefined }]
}
