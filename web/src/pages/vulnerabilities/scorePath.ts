/** The drawing's measures; its width where nobody has measured the room for it yet. */
export const WIDTH = 640
export const HEIGHT = 170
const LEFT = 36
const RIGHT = 8
const TOP = 10
const BOTTOM = 24

export interface Point {
  time: string
  score: number
}

export const xOf = (at: number, from: number, to: number, width = WIDTH): number => LEFT + ((width - LEFT - RIGHT) * (at - from)) / Math.max(1, to - from)
export const yOf = (score: number): number => TOP + (HEIGHT - TOP - BOTTOM) * (1 - Math.min(100, Math.max(0, score)) / 100)

/** The score as steps over time: a point holds until the next, the last one until now. */
export function scorePath(points: Point[], from: number, to: number, width = WIDTH): string {
  let path = ''
  for (const { time, score } of points) {
    const x = xOf(Math.max(from, Date.parse(time)), from, to, width).toFixed(1)
    path += path ? `H${x}V${yOf(score).toFixed(1)}` : `M${x},${yOf(score).toFixed(1)}`
  }
  return path && `${path}H${xOf(to, from, to, width).toFixed(1)}`
}

/** By how much the score moved over the points; nothing where there are not two. */
export function scoreChange(points: Point[]): number | undefined {
  const [first, last] = [points[0], points.at(-1)]
  return first && last && points.length > 1 ? last.score - first.score : undefined
}
