import { Button, Table, TableBody, TableCell, TableRow } from '@fluentui/react-components'
import { CalendarClockRegular } from '@fluentui/react-icons'
import { useQuery } from '@tanstack/react-query'
import { Link, useNavigate, useSearch } from '@tanstack/react-router'
import { useState } from 'react'
import { scheduledExportsQuery, useRemoveScheduled, useRunScheduled } from '../../api/queries/huntingExports'
import type { ScheduledExport } from '../../api/types'
import { ConfirmDialog } from '../../components/ConfirmDialog'
import { ErrorBar } from '../../components/ErrorBar'
import { HeadRow } from '../../components/HeadRow'
import { Instant } from '../../components/Instant'
import { PageHeader } from '../../components/PageHeader'
import { EmptyState, ErrorState, Loading } from '../../components/states'
import { formatCount } from '../../lib/format'
import { ExportPanel } from './ExportPanel'
import { RunState } from './ExportRuns'
import { formatOf, FORMATS, scheduleWords } from './schedule'

/** Queries whose whole result is written into a file again and again. */
export function ExportsPage() {
  const search = useSearch({ from: '/inside/hunting/exports' })
  const navigate = useNavigate({ from: '/hunting/exports' })
  const list = useQuery(scheduledExportsQuery)
  const run = useRunScheduled()
  const remove = useRemoveScheduled()
  const [ending, setEnding] = useState<ScheduledExport>()
  const open = (id: string | undefined) => void navigate({ search: { open: id }, replace: true })
  return (
    <div className="page">
      <div className="settings">
        <p className="crumbs"><Link className="link" to="/hunting">Hunting</Link></p>
        <PageHeader title="Scheduled exports" count={list.data?.total} actions={<Button appearance="primary" onClick={() => open('new')}>New export</Button>}>
          The server runs a query by a schedule and keeps its files for you to download.
        </PageHeader>
        <ErrorBar what="It was not started" error={run.error} />
        {list.isPending ? (
          <Loading what="the exports" />
        ) : !list.data ? (
          <ErrorState what="The exports could not be read" error={list.error} kept="They go on running." retry={() => void list.refetch()} />
        ) : list.data.items.length === 0 ? (
          <EmptyState icon={<CalendarClockRegular />} title="Nothing is exported by a schedule">Make one here, or choose “Export on a schedule” over the result of a query.</EmptyState>
        ) : (
          <div className="settings-table">
            <Table aria-label="Scheduled exports" className="wide-table">
              <HeadRow names={['Name', 'Schedule', 'Format', 'Owner', 'Last run', 'Next run']} actions />
              <TableBody>
                {list.data.items.map((one) => (
                  <TableRow key={one.id}>
                    <TableCell className="break"><Link className="link" to="/hunting/exports" search={{ open: one.id }} replace>{one.name}</Link></TableCell>
                    <TableCell>{scheduleWords(one)}</TableCell>
                    <TableCell>{FORMATS[formatOf(one.format)]}</TableCell>
                    <TableCell className="break">{one.owner}</TableCell>
                    <TableCell>{one.last_run ? <><RunState state={one.last_run.state} /> <Instant at={one.last_run.started_at} show="age" />{one.last_run.state === 'done' && <span className="small muted"> {formatCount(one.last_run.rows)} rows</span>}</> : <span className="muted">never</span>}</TableCell>
                    <TableCell>{one.enabled ? <Instant at={one.next_run_at} show="age" none="" /> : <span className="muted">off</span>}</TableCell>
                    <TableCell>
                      <div className="row">
                        <Button size="small" disabled={run.isPending} aria-label={`Run ${one.name} now`} onClick={() => run.mutate(one.id, { onSuccess: () => open(one.id) })}>Run now</Button>
                        <Button size="small" aria-label={`Delete ${one.name}`} onClick={() => setEnding(one)}>Delete</Button>
                      </div>
                    </TableCell>
                  </TableRow>
                ))}
              </TableBody>
            </Table>
          </div>
        )}
      </div>
      <ExportPanel open={search.open} query={search.q ?? ''} present={list.data?.items} onOpen={open} />
      <ConfirmDialog
        open={ending !== undefined}
        title={`Delete the export ${ending?.name}?`}
        confirm="Delete"
        busy={remove.isPending}
        error={remove.error}
        onClose={() => { setEnding(undefined); remove.reset() }}
        onConfirm={() => ending && remove.mutate(ending.id, { onSuccess: () => { if (search.open === ending.id) open(undefined); setEnding(undefined) } })}
      >
        It runs no more, and the files of its runs are deleted from the server.
      </ConfirmDialog>
    </div>
  )
}
