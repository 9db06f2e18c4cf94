import { MessageBar, MessageBarBody, MessageBarTitle } from '@fluentui/react-components'
import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { Link, useNavigate, useParams, useSearch } from '@tanstack/react-router'
import type { ColumnDef } from '@tanstack/react-table'
import { useCallback } from 'react'
import { deviceExposureQuery, deviceVulnerabilitiesQuery } from '../../api/queries/vulnerabilities'
import type { DeviceVulnerability } from '../../api/types'
import { ErrorBar } from '../../components/ErrorBar'
import { Instant } from '../../components/Instant'
import { CsvLink, ListBody } from '../../components/ListBody'
import { Severity } from '../../components/Severity'
import { SidePanel } from '../../components/SidePanel'
import { EmptyState } from '../../components/states'
import { counted, formatCount } from '../../lib/format'
import { type DeviceVulnerabilitiesSearch, queryOf } from '../../lib/vulnerabilitySearch'
import { Chip, Filters, SeverityChips } from '../vulnerabilities/Chips'
import { FeedAlarms } from '../vulnerabilities/Feeds'
import { Exposure } from '../vulnerabilities/MostExposed'
import { Known } from '../vulnerabilities/WeaknessPanel'
import { Why } from '../vulnerabilities/Why'
import { REMEDY_WORDS } from '../vulnerabilities/words'

const COLUMNS: ColumnDef<DeviceVulnerability>[] = [
  { id: 'id', header: 'Vulnerability', size: 150, meta: { mono: true }, accessorFn: (f) => f.vulnerability.id },
  { id: 'severity', header: 'Severity', size: 110, cell: ({ row }) => <Severity severity={row.original.vulnerability.severity} /> },
  { id: 'package', header: 'Package', size: 130, enableSorting: false, meta: { grow: 1 }, accessorFn: (f) => f.component.name },
  { id: 'version', header: 'Installed', size: 130, enableSorting: false, meta: { grow: 1, wide: true, mono: true }, accessorFn: (f) => f.component.version },
  { id: 'fix', header: 'Fix', size: 140, enableSorting: false, meta: { grow: 1, wide: true, mono: true }, cell: ({ row }) => row.original.component.fixed_version || <span className="muted">{REMEDY_WORDS[row.original.component.remedy] ?? row.original.component.remedy}</span> },
  { id: 'runs', header: 'Runs', size: 80, enableSorting: false, meta: { wide: true }, cell: ({ row }) => (row.original.component.running ? 'yes' : <span className="muted">no</span>) },
  { id: 'threats', header: 'Threats', size: 130, enableSorting: false, meta: { wide: true }, cell: ({ row }) => [row.original.vulnerability.exploited && 'exploited now', row.original.vulnerability.public_exploit && 'public exploit'].filter(Boolean).join(', ') },
  { id: 'found', header: 'Found', size: 125, enableSorting: false, meta: { wide: true }, cell: ({ row }) => <Instant at={row.original.component.first_detected} show="age" /> },
]

const idOf = (f: DeviceVulnerability): string => [f.vulnerability.id, f.component.name, f.component.version, f.component.architecture].join(' ')

/** What is wrong with this machine, and why. */
export function VulnerabilitiesTab() {
  const { deviceId } = useParams({ from: '/inside/devices/$deviceId/vulnerabilities' })
  const { panel, ...asked } = useSearch({ from: '/inside/devices/$deviceId/vulnerabilities' })
  const navigate = useNavigate({ from: '/devices/$deviceId/vulnerabilities' })
  const list = useInfiniteQuery(deviceVulnerabilitiesQuery(deviceId, asked))
  const change = useCallback((next: Partial<DeviceVulnerabilitiesSearch>) => void navigate({ search: (old) => ({ ...old, ...next }), replace: true }), [navigate])
  const filtered = Boolean(asked.search || asked.severity) || asked.running !== undefined || asked.fixable !== undefined
  const open = list.data?.pages.flatMap((p) => p.items).find((f) => idOf(f) === panel)
  return (
    <>
      <FeedAlarms />
      <Judgement deviceId={deviceId} />
      <div className="row between wrap">
        <Filters label="vulnerabilities of the device" placeholder="CVE, name, package" search={asked.search} onSearch={(search) => change({ search })} filtered={filtered} onClear={() => change({ search: undefined, severity: undefined, running: undefined, fixable: undefined })}>
          <SeverityChips chosen={asked.severity} onChange={(severity) => change({ severity })} />
          <Chip on={asked.running === true} onChange={(on) => change({ running: on || undefined })}>Of what runs</Chip>
          <Chip on={asked.fixable === true} onChange={(on) => change({ fixable: on || undefined })}>Update available</Chip>
        </Filters>
        <CsvLink href={`/api/v1/devices/${deviceId}/vulnerabilities?${queryOf({ ...asked, format: 'csv' })}`} />
      </div>
      <ListBody
        what="vulnerabilities"
        list={list}
        columns={COLUMNS}
        rowId={idOf}
        selected={panel}
        onOpen={(f) => change({ panel: idOf(f) })}
        sorting={[{ id: asked.sort ?? 'severity', desc: asked.order ? asked.order === 'desc' : asked.sort !== 'id' }]}
        onSort={(next) => change(next as Partial<DeviceVulnerabilitiesSearch>)}
        asked={asked}
        nothing={
          <EmptyState title={filtered ? 'No vulnerability matches' : 'No vulnerability is known here'}>
            {filtered ? 'Clear the filters to see all of them.' : 'Whether this machine was judged, and what no feed speaks of, is said above.'}
          </EmptyState>
        }
      />
      <SidePanel open={open !== undefined} title={open?.vulnerability.id ?? ''} onClose={() => change({ panel: undefined })} actions={open && <Link className="link" to="/weaknesses" search={{ panel: open.vulnerability.id }}>On all devices</Link>}>
        {open && (
          <div className="stack">
            <Known one={open.vulnerability} />
            <div className="finding"><Why component={open.component} /></div>
          </div>
        )}
      </SidePanel>
    </>
  )
}

/** How exposed it is and on what that rests; a machine that nobody judged is not clean. */
function Judgement({ deviceId }: { deviceId: string }) {
  const found = useQuery(deviceExposureQuery(deviceId))
  if (!found.data) return <ErrorBar what="The exposure could not be read" error={found.error} retry={() => void found.refetch()} />
  const e = found.data.exposure
  if (!e) {
    return (
      <MessageBar intent="warning" layout="multiline" className="whole-bar">
        <MessageBarBody><MessageBarTitle>This machine was not judged yet.</MessageBarTitle> Nobody knows what is wrong with it: its inventory has not come, or the assessment has not reached it.</MessageBarBody>
      </MessageBar>
    )
  }
  return (
    <p>
      Exposure <Exposure score={e.device.exposure} />, of which {e.unfixable.toFixed(1)} no update removes. {counted(e.software, 'package')}
      {e.uncovered > 0 && <>, <Link className="link" to="/devices/$deviceId/software" params={{ deviceId }} search={{ covered: false }}>{formatCount(e.uncovered)} of which no feed speaks</Link></>}. Judged <Instant at={e.assessed_at} show="age" />.
    </p>
  )
}
