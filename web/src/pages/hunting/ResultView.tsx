import { MessageBar, MessageBarBody, ProgressBar, Tab, TabList } from '@fluentui/react-components'
import { CodeTextRegular, DataBarVerticalRegular, TableRegular } from '@fluentui/react-icons'
import { lazy, Suspense, useEffect, useMemo, useState } from 'react'
import type { HuntingResult } from '../../api/types'
import { EmptyState, ErrorState, Loading } from '../../components/states'
import { formatCount } from '../../lib/format'
import { useDelayed } from '../../lib/hooks'
import type { HuntingSearch } from '../../lib/search'
import { formatMillis } from '../../lib/time'
import { namesTechnique, techniqueColumn } from './attack/technique'
import { kindOf } from './chart/spec'
import { ResultGrid } from './ResultGrid'
import { ResultTools } from './ResultTools'
import { RowPanel } from './RowPanel'
import { Statistics } from './Statistics'
import { TechniqueFilter } from './TechniqueFilter'
import type { Run } from './useRun'

// Charts come when somebody looks at one.
const ChartView = lazy(() => import('./chart/ChartView'))

interface Props {
  run: Run
  search: HuntingSearch
  onChange: (next: Partial<HuntingSearch>) => void
  deadline: number
}

/** The result of the last run in all its states. */
export function ResultView({ run, search, onChange, deadline }: Props) {
  const { query, request, cancelled } = run
  if (!request) {
    return <EmptyState icon={<CodeTextRegular />} title="Run a query to see rows">Ctrl+Enter runs the text above.<span className="hide-narrow"> Samples are on the left.</span></EmptyState>
  }
  if (cancelled) return <EmptyState title="The query was cancelled">Its text is kept. Run it again, or narrow it first.</EmptyState>
  if (query.isFetching) return <Running deadlineMs={request.deadlineMs || deadline * 1000} />
  if (query.isError) return <ErrorState what="The query did not finish" error={query.error} kept="Its text is kept." retry={() => void query.refetch()} />
  if (!query.data) return null
  const { data } = query
  return <Answer result={data} query={request.query} search={search} onChange={onChange} />
}

/** The rows of an answer, as a table or as a chart: as the query says, unless somebody chose. */
function Answer({ result, query, search, onChange }: { result: HuntingResult; query: string; search: HuntingSearch; onChange: (next: Partial<HuntingSearch>) => void }) {
  const { schema, rows, render, truncated } = result
  const view = search.view ?? (search.chart || kindOf(render?.visualization) ? 'chart' : 'table')
  const only = useMemo(() => {
    const column = search.technique ? techniqueColumn(schema, rows) : undefined
    return column === undefined ? undefined : (row: unknown[]) => namesTechnique(row[column], search.technique!)
  }, [schema, rows, search.technique])
  const chosen = search.row === undefined ? undefined : rows[search.row]
  return (
    <>
      {truncated && (
        <MessageBar intent="warning" layout="multiline">
          <MessageBarBody>Only the first {formatCount(rows.length)} rows are shown. Filter or summarise to see all.</MessageBarBody>
        </MessageBar>
      )}
      <div className="row between wrap">
        <div className="row wrap">
          <TabList size="small" aria-label="Result as" selectedValue={view} onTabSelect={(_, d) => onChange({ view: d.value === 'chart' ? 'chart' : 'table' })}>
            <Tab value="table" icon={<TableRegular />}>Table</Tab>
            <Tab value="chart" icon={<DataBarVerticalRegular />}>Chart</Tab>
          </TabList>
          <Statistics result={result} />
        </div>
        <ResultTools result={result} query={query} />
      </div>
      {rows.length === 0 ? (
        <EmptyState title="No row matches">The query ran and found nothing. Widen its time or loosen a filter.</EmptyState>
      ) : view === 'chart' ? (
        <Suspense fallback={<Loading what="the chart" />}>
          <ChartView result={result} search={search} onChange={onChange} />
        </Suspense>
      ) : (
        <>
          {only && <TechniqueFilter id={search.technique!} onClear={() => onChange({ technique: undefined })} />}
          <ResultGrid result={result} only={only} sort={search.sort} onSort={(sort) => onChange({ sort })} row={search.row} onRow={(row) => onChange({ row })} />
        </>
      )}
      <RowPanel columns={schema} row={chosen} onClose={() => onChange({ row: undefined })} />
    </>
  )
}

/** Nothing at first; then the time that passed, up to the deadline. */
function Running({ deadlineMs }: { deadlineMs: number }) {
  const [begun] = useState(() => Date.now())
  const [now, setNow] = useState(begun)
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 250)
    return () => clearInterval(timer)
  }, [])
  const late = useDelayed(true, 200)
  return (
    <div className="loading" role="status" aria-label="The query runs">
      {late && (
        <>
          <ProgressBar aria-label="Time used up to the deadline" value={Math.min(1, (now - begun) / deadlineMs)} />
          <span className="muted small nums">Running for {formatMillis(Math.max(0, now - begun))}; stops after {formatMillis(deadlineMs)}. Cancel ends it on the server.</span>
        </>
      )}
    </div>
  )
}
