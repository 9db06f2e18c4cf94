import { useMemo } from 'react'
import type { ChartModel } from './model'
import { drawnSeries } from './options'
import { figure, placeName } from './words'

/** What is listed; the whole is under Table. */
const MOST = 200

/** The numbers of the picture, for those who do not see it; anybody may open it. */
export function ChartTable({ model }: { model: ChartModel }) {
  const { lines, all } = useMemo(() => tableOf(model), [model])
  return (
    <details className="chart-table">
      <summary>Numbers of the chart</summary>
      <div className="chart-table-body" tabIndex={0} role="region" aria-label="Numbers of the chart">
        <table>
          <thead><tr><th scope="col">{model.xName || 'Row'}</th><th scope="col">Series</th><th scope="col" className="end">Value</th></tr></thead>
          <tbody>
            {lines.map((line, index) => (
              <tr key={index}><td>{line.place}</td><td>{line.series}</td><td className="end nums">{line.value}</td></tr>
            ))}
          </tbody>
        </table>
        {all > lines.length && <p className="muted small">The first {lines.length} of {all.toLocaleString()} points; the rows are under Table.</p>}
      </div>
    </details>
  )
}

function tableOf(model: ChartModel) {
  const series = drawnSeries(model)
  const all = series.reduce((sum, one) => sum + one.points.length, 0)
  const lines: { place: string; series: string; value: string }[] = []
  for (const one of series) {
    for (const point of one.points) {
      if (lines.length === MOST) return { lines, all }
      lines.push({ place: placeName(model, point.x), series: one.name, value: figure(point.y) })
    }
  }
  return { lines, all }
}
