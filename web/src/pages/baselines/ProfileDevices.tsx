import { useInfiniteQuery } from '@tanstack/react-query'
import { Link, useNavigate } from '@tanstack/react-router'
import type { ColumnDef } from '@tanstack/react-table'
import { profileDevicesQuery } from '../../api/queries/baselines'
import type { BaselineOfDevice, BaselineProfile } from '../../api/types'
import { Instant } from '../../components/Instant'
import { CsvLink, ListBody } from '../../components/ListBody'
import { EmptyState } from '../../components/states'
import type { BaselineSearch } from '../../lib/baselineSearch'
import { formatCount } from '../../lib/format'
import { queryOf } from '../../lib/vulnerabilitySearch'
import { Filters } from '../vulnerabilities/Chips'
import { Compliance } from './badges'
import { ComplianceCourse } from './ComplianceCourse'
import { staleText } from './words'

const count = (id: 'compliant' | 'not_compliant' | 'not_evaluated', header: string): ColumnDef<BaselineOfDevice> => ({
  id, header, size: 110, meta: { align: 'end', wide: true }, cell: ({ row }) => formatCount(row.original[id]),
})

interface Props {
  profile: BaselineProfile
  search: BaselineSearch
  onChange: (next: Partial<BaselineSearch>) => void
}

/** Devices that ran a profile, each opening what it found there. */
export function ProfileDevices({ profile, search, onChange }: Props) {
  const list = useInfiniteQuery(profileDevicesQuery(profile.id, search.search))
  const navigate = useNavigate()
  const columns: ColumnDef<BaselineOfDevice>[] = [
    { id: 'name', header: 'Device', size: 160, meta: { grow: 2 }, cell: ({ row: { original: { device } } }) => <Link className="link" tabIndex={-1} to="/devices/$deviceId/baseline" params={{ deviceId: device.id }} search={{ profile: profile.id }}>{device.name}</Link> },
    { id: 'percent', header: 'Compliance', size: 150, meta: { grow: 1 }, cell: ({ row: { original: d } }) => <Compliance percent={d.percent} label={d.device.name} /> },
    count('not_compliant', 'Not compliant'),
    count('compliant', 'Compliant'),
    count('not_evaluated', 'Not told'),
    { id: 'os', header: 'System', size: 110, meta: { grow: 1, wide: true }, accessorFn: (d) => d.device.os },
    { id: 'run', header: 'Run', size: 125, meta: { wide: true }, cell: ({ row }) => <Instant at={row.original.run_at} show="age" none="not yet" /> },
    { id: 'current', header: 'Holds for', size: 160, meta: { grow: 1, wide: true }, cell: ({ row }) => { const stale = staleText(row.original); return stale ? <span title={stale}>{stale}</span> : <span className="muted">now</span> } },
  ]
  return (
    <>
      <ComplianceCourse profile={profile.id} />
      <div className="row between wrap">
        <Filters label="devices of the profile" placeholder="Name" search={search.search} onSearch={(text) => onChange({ search: text })} filtered={Boolean(search.search)} onClear={() => onChange({ search: undefined })}>{null}</Filters>
        <CsvLink href={`/api/v1/baseline-profiles/${encodeURIComponent(profile.id)}/devices?${queryOf({ search: search.search, format: 'csv' })}`} />
      </div>
      <ListBody
        what="devices"
        list={list}
        columns={columns}
        rowId={(d) => d.device.id}
        onOpen={(d) => void navigate({ to: '/devices/$deviceId/baseline', params: { deviceId: d.device.id }, search: { profile: profile.id } })}
        asked={search.search}
        nothing={<EmptyState title={search.search ? 'No device matches' : 'No device has run it yet'}>{search.search ? 'Clear the filter to see all of them.' : 'Assign it to device groups. A device runs it at its next contact.'}</EmptyState>}
      />
    </>
  )
}
