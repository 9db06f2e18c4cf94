import { formatLocal, formatUtc } from '../../../lib/time'
import type { ChartModel } from './model'

const number = new Intl.NumberFormat(undefined, { maximumFractionDigits: 3 })
const short = new Intl.NumberFormat(undefined, { notation: 'compact', maximumFractionDigits: 1 })

export const figure = (value: number | null): string => (value === null ? 'no value' : number.format(value))
export const shortFigure = (value: number): string => (Math.abs(value) < 10_000 ? number.format(value) : short.format(value))

/** The place of a point as it is read: a local time with its UTC, a number or a name. */
export function placeName(model: ChartModel, x: number): string {
  if (model.axis === 'time') return `${formatLocal(new Date(x))} (${formatUtc(new Date(x).toISOString())})`
  if (model.axis === 'number') return figure(x)
  return model.categories[x] ?? ''
}

/** What a screen reader says of the whole. */
export function summary(model: ChartModel, kindName: string): string {
  const lines = model.series.filter((one) => !one.marks)
  const named = lines.slice(0, 5).map((one) => one.name).join(', ')
  const over = model.axis === 'category' ? `${model.categories.length} categories` : model.xName || 'rows'
  const more = lines.length > 5 ? ` and ${lines.length - 5} more` : ''
  return `${model.spec.title ?? kindName}: ${lines.length} series (${named}${more}) over ${over}. Arrow keys read the points; the table below has the same numbers.`
}
