import { Button, Table, TableBody, TableCell, TableRow } from '@fluentui/react-components'
import { ArrowDownloadRegular, CheckmarkCircleFilled, ErrorCircleFilled, ArrowSyncRegular } from '@fluentui/react-icons'
import { useInfiniteQuery } from '@tanstack/react-query'
import { exportRunsQuery } from '../../api/queries/huntingExports'
import type { HuntingExportRun } from '../../api/types'
import { HeadRow } from '../../components/HeadRow'
import { Instant } from '../../components/Instant'
import { ListError } from '../../components/ListError'
import { ErrorState, Loading } from '../../components/states'
import { formatBytes, formatCount } from '../../lib/format'
import { runContent } from './schedule'

/** What became of each run, and its file. */
export function ExportRuns({ id }: { id: string }) {
  const runs = useInfiniteQuery(exportRunsQuery(id))
  if (runs.isPending) return <Loading what="the runs" rows={3} />
  if (!runs.data) return <ErrorState what="The runs could not be read" error={runs.error} kept="Their files are kept on the server." retry={() => void runs.refetch()} />
  const items = runs.data.pages.flatMap((page) => page.items)
  if (items.length === 0) return <p className="muted">It has not run yet.</p>
  return (
    <div className="settings-table">
      <Table aria-label="Runs" size="small">
        <HeadRow names={['Started', 'State', 'Rows', 'Size']} actions />
        <TableBody>
          {items.map((run) => (
            <TableRow key={run.id}>
              <TableCell><Instant at={run.started_at} short /></TableCell>
              <TableCell className="break"><RunState state={run.state} />{run.state === 'failed' && <span className="small"> {run.message} {run.code && <code>{run.code}</code>}</span>}</TableCell>
              <TableCell className="nums">{run.state === 'done' && <>{formatCount(run.rows)}{run.truncated && <span title="The greatest number of rows was reached"> and more</span>}</>}</TableCell>
              <TableCell className="nums">{run.state === 'done' && <span title={run.sha256 ? `SHA-256 ${run.sha256}` : undefined}>{formatBytes(run.bytes)}</span>}</TableCell>
              <TableCell>{run.state === 'done' && <Button as="a" size="small" appearance="subtle" icon={<ArrowDownloadRegular />} href={runContent(id, run.id)} download aria-label={`Download the run of ${run.started_at}`} />}</TableCell>
            </TableRow>
          ))}
        </TableBody>
      </Table>
      <ListError list={runs} what="runs" />
      {runs.hasNextPage && <Button size="small" disabled={runs.isFetchingNextPage} onClick={() => void runs.fetchNextPage()}>Show older</Button>}
    </div>
  )
}

const STATES = {
  running: { word: 'Running', icon: <ArrowSyncRegular />, look: 'quiet' },
  done: { word: 'Done', icon: <CheckmarkCircleFilled />, look: 'good' },
  failed: { word: 'Failed', icon: <ErrorCircleFilled />, look: 'bad' },
} as const

export function RunState({ state }: { state: HuntingExportRun['state'] }) {
  const { word, icon, look } = STATES[state === 'done' || state === 'failed' ? state : 'running']
  return <span className={`state ${look}`}><span className="state-icon" aria-hidden>{icon}</span>{word}</span>
}
