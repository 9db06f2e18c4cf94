import { Button, Select } from '@fluentui/react-components'
import { ClipboardCheckmarkRegular } from '@fluentui/react-icons'
import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { Link, useNavigate, useParams, useSearch } from '@tanstack/react-router'
import type { ColumnDef } from '@tanstack/react-table'
import { useCallback, useState } from 'react'
import { catalogueQuery, deviceBaselineResultsQuery, deviceBaselinesQuery, deviceSecureScoreQuery } from '../../api/queries/baselines'
import { deviceQuery } from '../../api/queries/devices'
import { useMay } from '../../api/queries/session'
import type { BaselineOfDevice, BaselineResult } from '../../api/types'
import { ErrorBar } from '../../components/ErrorBar'
import { Instant } from '../../components/Instant'
import { CsvLink, ListBody } from '../../components/ListBody'
import { Severity } from '../../components/Severity'
import { SidePanel } from '../../components/SidePanel'
import { EmptyState, ErrorState, Loading } from '../../components/states'
import type { DeviceBaselineSearch } from '../../lib/baselineSearch'
import { formatCount } from '../../lib/format'
import { queryOf } from '../../lib/vulnerabilitySearch'
import { CheckStateBadge } from '../baselines/badges'
import { CheckFilters, isFiltered } from '../baselines/CheckFilters'
import { AboutCheck, Observed } from '../baselines/CheckPanel'
import { CATEGORY_WORDS, percentText, staleText } from '../baselines/words'
import { OrderDialog } from './OrderDialog'

const COLUMNS: ColumnDef<BaselineResult>[] = [
  { id: 'title', header: 'Check', accessorKey: 'title', size: 180, meta: { grow: 2 } },
  { id: 'state', header: 'Result', size: 150, cell: ({ row }) => <CheckStateBadge state={row.original.state} /> },
  { id: 'severity', header: 'Severity', size: 110, meta: { wide: true }, cell: ({ row }) => <Severity severity={row.original.severity} /> },
  { id: 'observed', header: 'Is', accessorKey: 'observed', size: 150, meta: { grow: 1, wide: true, mono: true } },
  { id: 'expected', header: 'Should be', accessorKey: 'expected', size: 150, meta: { grow: 1, wide: true, mono: true } },
  { id: 'category', header: 'Category', size: 140, meta: { wide: true }, accessorFn: (r) => CATEGORY_WORDS[r.category] ?? r.category },
  { id: 'excepted', header: 'Excepted', size: 90, meta: { wide: true }, cell: ({ row }) => (row.original.excepted ? 'yes' : <span className="muted">no</span>) },
]

/** Whether this machine is set up as its profiles ask, check by check. */
export function BaselineTab() {
  const { deviceId } = useParams({ from: '/inside/devices/$deviceId/baseline' })
  const { profile, panel, ...asked } = useSearch({ from: '/inside/devices/$deviceId/baseline' })
  const navigate = useNavigate({ from: '/devices/$deviceId/baseline' })
  const baselines = useQuery(deviceBaselinesQuery(deviceId))
  const change = useCallback((next: Partial<DeviceBaselineSearch>) => void navigate({ search: (old) => ({ ...old, ...next }), replace: true }), [navigate])
  if (baselines.isPending) return <Loading what="baselines" />
  if (!baselines.data) return <ErrorState what="The baselines could not be read" error={baselines.error} kept="The sensor goes on comparing." retry={() => void baselines.refetch()} />
  const items = baselines.data.items
  const one = items.find((b) => b.profile === profile) ?? items[0]
  if (!one) {
    return (
      <EmptyState icon={<ClipboardCheckmarkRegular />} title="This machine has not compared itself with a baseline yet" action={<RunNow deviceId={deviceId} />}>
        Its sensor does so at its next contact, and whenever a profile changes.
      </EmptyState>
    )
  }
  return (
    <>
      <ErrorBar what="The baselines could not be read again" error={baselines.error} kept="What you see may be old." retry={() => void baselines.refetch()} />
      <Standing of={one} others={items} deviceId={deviceId} onProfile={(id) => change({ profile: id === items[0]?.profile ? undefined : id, panel: undefined })} />
      <Results deviceId={deviceId} profile={one.profile} asked={asked} panel={panel} onChange={change} />
    </>
  )
}

interface StandingProps {
  of: BaselineOfDevice
  others: BaselineOfDevice[]
  deviceId: string
  onProfile: (id: string) => void
}

function Standing({ of: b, others, deviceId, onProfile }: StandingProps) {
  const score = useQuery(deviceSecureScoreQuery(deviceId)).data?.secure_score?.score
  const stale = staleText(b)
  return (
    <div className="row between wrap">
      <div className="grow">
        {others.length > 1 && (
          <Select size="small" className="filter-select" aria-label="Profile" value={b.profile} onChange={(_, d) => onProfile(d.value)}>
            {others.map((o) => <option key={o.profile} value={o.profile}>{o.title}</option>)}
          </Select>
        )}
        <p>
          <Link className="link" to="/baselines/$profileId" params={{ profileId: b.profile }}>{b.title}</Link>:{' '}
          <b>{percentText(b.percent)}</b> compliant: {formatCount(b.not_compliant)} not compliant, {formatCount(b.not_evaluated)} could not be told, {formatCount(b.not_applicable)} do not apply. Run <Instant at={b.run_at} show="age" none="not yet" />.
          {typeof score === 'number' && <> Secure score <b>{score.toFixed(1)}</b> of 100.</>}
        </p>
        <p className="muted small">{b.by_default ? 'The default of its system: no profile is assigned.' : 'Assigned to it.'} {stale}</p>
      </div>
      <RunNow deviceId={deviceId} />
    </div>
  )
}

/** Has the sensor compare now, where the reader may. */
function RunNow({ deviceId }: { deviceId: string }) {
  const may = useMay('orders.create')
  const device = useQuery(deviceQuery(deviceId)).data
  const [open, setOpen] = useState(false)
  if (!may || !device) return null
  return (
    <>
      <Button onClick={() => setOpen(true)}>Run now</Button>
      {open && <OrderDialog device={device} kind="baseline" onClose={() => setOpen(false)} />}
    </>
  )
}

interface ResultsProps {
  deviceId: string
  profile: string
  asked: Omit<DeviceBaselineSearch, 'panel' | 'profile'>
  panel: string | undefined
  onChange: (next: Partial<DeviceBaselineSearch>) => void
}

function Results({ deviceId, profile, asked, panel, onChange }: ResultsProps) {
  const list = useInfiniteQuery(deviceBaselineResultsQuery(deviceId, profile, asked))
  const catalogue = useQuery(catalogueQuery).data?.items
  const open = list.data?.pages.flatMap((page) => page.items).find((r) => r.id === panel)
  const check = catalogue?.find((c) => c.id === panel)
  return (
    <>
      <div className="row between wrap">
        <CheckFilters asked={asked} onChange={onChange} />
        <CsvLink href={`/api/v1/devices/${deviceId}/baselines/${encodeURIComponent(profile)}?${queryOf({ ...asked, format: 'csv' })}`} />
      </div>
      <ListBody
        what="checks"
        list={list}
        columns={COLUMNS}
        rowId={(r) => r.id}
        selected={panel}
        onOpen={(r) => onChange({ panel: r.id })}
        asked={{ profile, ...asked }}
        nothing={<EmptyState title={isFiltered(asked) ? 'No check matches' : 'Nothing was compared yet'}>{isFiltered(asked) ? 'Clear the filters to see all of them.' : 'The results come with the sensor’s next contact.'}</EmptyState>}
      />
      <SidePanel
        open={open !== undefined}
        title={open?.title ?? ''}
        onClose={() => onChange({ panel: undefined })}
        actions={open && <Link className="link" to="/baselines/$profileId" params={{ profileId: profile }} search={{ panel: open.id }}>On other devices</Link>}
      >
        {open && (
          <div className="stack">
            <div className="row wrap"><CheckStateBadge state={open.state} />{open.excepted && <b>Excepted</b>}</div>
            <div className="finding"><Observed {...open} /></div>
            {check ? <AboutCheck check={check} /> : <p className="break">{open.fix}</p>}
          </div>
        )}
      </SidePanel>
    </>
  )
}
