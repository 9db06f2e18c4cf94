/** Where the keyboard stands in a chart. */
export interface Cursor {
  series: number
  point: number
}

/** The next place for a key; undefined where the key means nothing here. `sizes` has the points of each series. */
export function walk(at: Cursor | undefined, key: string, sizes: readonly number[]): Cursor | undefined {
  const first = sizes.findIndex((size) => size > 0)
  if (first < 0 || !['ArrowLeft', 'ArrowRight', 'ArrowUp', 'ArrowDown', 'Home', 'End'].includes(key)) return undefined
  if (!at || !sizes[at.series]) return { series: first, point: key === 'End' ? sizes[first]! - 1 : 0 }
  const last = sizes[at.series]! - 1
  if (key === 'Home') return { ...at, point: 0 }
  if (key === 'End') return { ...at, point: last }
  if (key === 'ArrowLeft') return { ...at, point: Math.max(0, at.point - 1) }
  if (key === 'ArrowRight') return { ...at, point: Math.min(last, at.point + 1) }
  const step = key === 'ArrowDown' ? 1 : -1
  for (let next = at.series + step; next >= 0 && next < sizes.length; next += step) {
    if (sizes[next]! > 0) return { series: next, point: Math.min(at.point, sizes[next]! - 1) }
  }
  return at
}
