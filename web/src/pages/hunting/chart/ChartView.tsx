import { DataPieRegular } from '@fluentui/react-icons'
import { lazy, Suspense, useMemo } from 'react'
import type { HuntingResult } from '../../../api/types'
import { EmptyState, Loading } from '../../../components/states'
import { CHART_KINDS } from '../../../lib/charts'
import type { HuntingSearch } from '../../../lib/search'
import { techniqueColumn } from '../attack/technique'
import { CardView } from './CardView'
import { ChartTable } from './ChartTable'
import { ChartTools } from './ChartTools'
import { choiceOf } from './choice'
import { chartModel } from './model'
import { type ChartSpec, chartSpec, kindOf } from './spec'
import './chart.css'

const Canvas = lazy(() => import('./Canvas'))
const Matrix = lazy(() => import('../attack/Matrix'))

interface Props {
  result: HuntingResult
  search: HuntingSearch
  onChange: (next: Partial<HuntingSearch>) => void
}

/** The result as a picture: what the query's `render` asks for, or what a person chose. */
export default function ChartView({ result, search, onChange }: Props) {
  const { schema, rows, render } = result
  const attack = useMemo(() => techniqueColumn(schema, rows), [schema, rows])
  const spec = useMemo(
    () => chartSpec(schema, rows, render, choiceOf(search)),
    [schema, rows, render, search.chart, search.x, search.y, search.split, search.stack],
  )
  const matrix = attack !== undefined && (search.chart === 'attack' || (search.chart === undefined && !spec))
  return (
    <section className="chart-view" aria-label="Chart">
      <ChartTools result={result} search={search} spec={spec} attack={attack !== undefined} matrix={matrix} onChange={onChange} />
      <Suspense fallback={<Loading what="the chart" rows={6} />}>
        {matrix ? (
          <Matrix
            result={result}
            column={attack}
            weight={search.y}
            onWeight={(y) => onChange({ chart: 'attack', y })}
            list={search.list ?? false}
            onList={(list) => onChange({ list: list || undefined })}
            onTechnique={(technique) => onChange({ technique, view: 'table' })}
          />
        ) : spec ? (
          <Drawn result={result} spec={spec} chosenY={search.y !== undefined || (render?.y_columns?.length ?? 0) > 0} onRow={(row) => onChange({ row })} />
        ) : render && render.visualization !== 'table' && !kindOf(render.visualization) ? (
          <EmptyState icon={<DataPieRegular />} title={`“${render.visualization}” is not drawn here`}><p>The rows are under Table. Choose one of the charts above, or write, for example, <code>| render {Object.keys(CHART_KINDS)[0]}</code>.</p></EmptyState>
        ) : (
          <EmptyState icon={<DataPieRegular />} title="Choose a chart"><p>The query asks for none. Choose one above, or end the query with, for example, <code>| render timechart</code>.</p></EmptyState>
        )}
      </Suspense>
    </section>
  )
}

function Drawn({ result, spec, chosenY, onRow }: { result: HuntingResult; spec: ChartSpec; chosenY: boolean; onRow: (row: number) => void }) {
  const { schema, rows } = result
  const model = useMemo(() => (spec.kind === 'card' ? undefined : chartModel(schema, rows, spec)), [schema, rows, spec])
  if (!model) return <CardView columns={schema} rows={rows} only={chosenY ? spec.ys : []} title={spec.title} onRow={onRow} />
  if ('fault' in model) return <EmptyState icon={<DataPieRegular />} title="There is nothing to draw">{model.fault} The rows are under Table.</EmptyState>
  return (
    <>
      <Canvas model={model} onRow={onRow} />
      {model.notes.length > 0 && <p className="muted small" role="note">{model.notes.join(' ')}</p>}
      <ChartTable model={model} />
    </>
  )
}
