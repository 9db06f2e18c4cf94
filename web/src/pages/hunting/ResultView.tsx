import { MessageBar, MessageBarBody, ProgressBar } from '@fluentui/react-components'
import { CodeTextRegular } from '@fluentui/react-icons'
import { useEffect, useState } from 'react'
import { EmptyState, ErrorState } from '../../components/states'
import { formatCount } from '../../lib/format'
import { useDelayed } from '../../lib/hooks'
import type { HuntingSearch } from '../../lib/search'
import { formatMillis } from '../../lib/time'
import { ResultGrid } from './ResultGrid'
import { ResultTools } from './ResultTools'
import { RowPanel } from './RowPanel'
import { Statistics } from './Statistics'
import type { Run } from './useRun'

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
  const chosen = search.row === undefined ? undefined : data.rows[search.row]
  return (
    <>
      {data.truncated && (
        <MessageBar intent="warning" layout="multiline">
          <MessageBarBody>Only the first {formatCount(data.rows.length)} rows are shown. Filter or summarise to see all.</MessageBarBody>
        </MessageBar>
      )}
      <div className="row between wrap">
        <Statistics result={data} />
        <ResultTools result={data} />
      </div>
      {data.rows.length === 0 ? (
        <EmptyState title="No row matches">The query ran and found nothing. Widen its time or loosen a filter.</EmptyState>
      ) : (
        <ResultGrid result={data} sort={search.sort} onSort={(sort) => onChange({ sort })} row={search.row} onRow={(row) => onChange({ row })} />
      )}
      <RowPanel columns={data.schema} row={chosen} onClose={() => onChange({ row: undefined })} />
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
