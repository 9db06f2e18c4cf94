import type { HealthTrend } from '../../api/types'

export const WIDTH = 720
export const HEIGHT = 180
const LEFT = 36
const RIGHT = 8
const TOP = 10
const BOTTOM = 24

export type TrendKey = 'installation' | 'heartbeat'

/** A round top for the scale: 1, 2, 5, 10, 20, 50… */
export function scaleTop(most: number): number {
  let size = 1
  for (;;) {
    for (const step of [1, 2, 5]) if (step * size >= most) return step * size
    size *= 10
  }
}

const xOf = (index: number, count: number): number => LEFT + ((WIDTH - LEFT - RIGHT) * index) / Math.max(1, count - 1)
const yOf = (value: number, top: number): number => HEIGHT - BOTTOM - ((HEIGHT - TOP - BOTTOM) * value) / top

export interface TrendShape {
  top: number
  paths: Record<TrendKey, string>
  /** Where the scale's lines are, with what they stand for. */
  lines: { y: number; value: number }[]
  /** Where instants are named, by their index. */
  marks: { x: number; index: number }[]
}

/** The course as steps: a machine was unhealthy or not, nothing in between. */
export function trendShape(items: HealthTrend['items']): TrendShape {
  const top = scaleTop(Math.max(1, ...items.map((p) => Math.max(p.installation, p.heartbeat))))
  const path = (key: TrendKey) =>
    items.map((p, i) => `${i === 0 ? 'M' : `H${xOf(i, items.length).toFixed(1)}V`}${i === 0 ? `${xOf(0, items.length).toFixed(1)},` : ''}${yOf(p[key], top).toFixed(1)}`).join('')
  const marks = [0, 1, 2, 3, 4].map((n) => Math.round(((items.length - 1) * n) / 4))
  return {
    top,
    paths: { installation: path('installation'), heartbeat: path('heartbeat') },
    lines: [0, top / 2, top].filter((v) => Number.isInteger(v)).map((value) => ({ value, y: yOf(value, top) })),
    marks: [...new Set(marks)].map((index) => ({ index, x: xOf(index, items.length) })),
  }
}
