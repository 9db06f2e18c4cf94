import type { ResultColumn } from '../../../api/types'
import { arrayOf, instantOf, labelOf, numberOf } from './cells'
import { type ChartSpec, trait } from './spec'

/** One value of one row, before it has a place in the picture. */
export interface Sample {
  name: string
  unit: number
  /** Milliseconds, a number, a text, or null where there is none. */
  x: number | string | null
  xKind: 'time' | 'number' | 'text' | 'none'
  y: number | null
  row: number | undefined
  /** Stands for a mark of an anomaly. */
  marks?: boolean
}

/** The values that a chart draws; arrays of `make-series` give one for each element. At most `most`. */
export function samplesOf(columns: ResultColumn[], rows: unknown[][], spec: ChartSpec, most: number): { samples: Sample[]; cut: boolean } {
  const samples: Sample[] = []
  const xTrait = spec.x === undefined ? 'none' : trait(columns[spec.x]!, rows, spec.x)
  const several = spec.ys.length > 1
  for (const [index, row] of rows.entries()) {
    const split = spec.split.map((column) => labelOf(row[column])).join(', ')
    const xs = spec.x === undefined ? undefined : columns[spec.x]!.type === 'dynamic' ? arrayOf(row[spec.x]) : undefined
    for (const [unit, column] of spec.ys.entries()) {
      const { name: yName, type } = columns[column]!
      const name = split === '' ? yName : several ? `${split} · ${yName}` : split
      const values = type === 'dynamic' ? arrayOf(row[column]) : undefined
      if (values === undefined) {
        samples.push({ name, unit, ...xOf(spec, xTrait, spec.x === undefined ? index : row[spec.x]), y: numberOf(type, row[column]), row: index })
      } else {
        const flags = spec.anomalies.map((at) => arrayOf(row[at]))
        for (const [at, value] of values.entries()) {
          if (samples.length >= most) return { samples, cut: true }
          const x = xOf(spec, xTrait, xs ? xs[at] : at)
          const y = numberOf('real', value)
          samples.push({ name, unit, ...x, y, row: index })
          if (y !== null && flags.some((list) => isMark(list?.[at]))) samples.push({ name: `Anomalies of ${name}`, unit, ...x, y, row: index, marks: true })
        }
      }
      if (samples.length >= most) return { samples, cut: index < rows.length - 1 }
      if (values === undefined && spec.anomalies.some((at) => isMark(row[at]))) {
        const last = samples.at(-1)!
        if (last.y !== null) samples.push({ ...last, name: `Anomalies of ${name}`, marks: true })
      }
    }
  }
  return { samples, cut: false }
}

/** `series_decompose_anomalies` flags with 1 and -1. */
const isMark = (flag: unknown): boolean => flag !== null && flag !== undefined && Number.isFinite(Number(flag)) && Number(flag) !== 0

function xOf(spec: ChartSpec, xTrait: string, value: unknown): Pick<Sample, 'x' | 'xKind'> {
  // Without a column of its own a line is drawn over its rows; columns share one place.
  if (xTrait === 'none') return spec.kind === 'columnchart' || spec.kind === 'barchart' || spec.kind === 'piechart' ? { x: null, xKind: 'none' } : { x: Number(value), xKind: 'number' }
  if (xTrait === 'time') return { x: instantOf(value), xKind: 'time' }
  if (xTrait === 'number') return { x: numberOf('real', value), xKind: 'number' }
  return { x: value === null || value === undefined ? null : labelOf(value), xKind: 'text' }
}
