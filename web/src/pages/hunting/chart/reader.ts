import { MOST_SERIES, type ChartModel } from './model'
import { drawnSeries } from './options'
import { slices } from './series'
import type { Cursor } from './walk'
import { figure, placeName } from './words'

/** What stands at a place of the drawing; texts are made when somebody asks. */
export interface PointReader {
  /** Points of each series, in the order of the drawing. */
  sizes: number[]
  text: (at: Cursor) => string
  /** The row that made it; undefined where several did. */
  row: (at: Cursor) => number | undefined
}

export function pointReader(model: ChartModel): PointReader {
  if (model.spec.kind === 'piechart') {
    const parts = slices(model.series, model.categories, MOST_SERIES)
    return { sizes: [parts.length], text: ({ point }) => `${parts[point]!.name}: ${figure(parts[point]!.value)}`, row: ({ point }) => parts[point]?.row }
  }
  const drawn = drawnSeries(model)
  return {
    sizes: drawn.map((series) => series.points.length),
    text: ({ series, point }) => `${drawn[series]!.name}, ${placeName(model, drawn[series]!.points[point]!.x)}: ${figure(drawn[series]!.points[point]!.y)}`,
    row: ({ series, point }) => drawn[series]?.points[point]?.row,
  }
}
