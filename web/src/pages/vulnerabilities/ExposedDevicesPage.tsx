import { useInfiniteQuery } from '@tanstack/react-query'
import { Link, useNavigate, useSearch } from '@tanstack/react-router'
import type { ColumnDef } from '@tanstack/react-table'
import { useCallback } from 'react'
import { deviceExposuresQuery } from '../../api/queries/vulnerabilities'
import type { DeviceExposure } from '../../api/types'
import { Instant } from '../../components/Instant'
import { CsvLink, ListBody } from '../../components/ListBody'
import { PageHeader } from '../../components/PageHeader'
import { EmptyState } from '../../components/states'
import { formatCount } from '../../lib/format'
import { toggleWord } from '../../lib/search'
import { EXPOSURE_LEVELS, type ExposedDevicesSearch, queryOf } from '../../lib/vulnerabilitySearch'
import { Chip, Filters } from './Chips'
import { FeedAlarms } from './Feeds'
import { Exposure } from './MostExposed'
import { LEVEL_WORDS, scoreText } from './words'

const count = (id: string, header: string, of: (e: DeviceExposure) => number): ColumnDef<DeviceExposure> => ({
  id, header, size: 90, enableSorting: false, meta: { align: 'end', wide: true }, cell: ({ row }) => formatCount(of(row.original)),
})
const COLUMNS: ColumnDef<DeviceExposure>[] = [
  { id: 'name', header: 'Device', size: 160, enableSorting: false, meta: { grow: 2 }, cell: ({ row }) => <Link className="link" tabIndex={-1} to="/devices/$deviceId/vulnerabilities" params={{ deviceId: row.original.device.id }}>{row.original.device.name}</Link> },
  { id: 'exposure', header: 'Exposure', size: 170, cell: ({ row }) => <Exposure score={row.original.device.exposure} /> },
  { id: 'unfixable', header: 'No update', size: 95, enableSorting: false, meta: { align: 'end', wide: true, hint: 'Of the exposure what no update removes' }, cell: ({ row }) => scoreText(row.original.unfixable) },
  count('critical', 'Critical', (e) => e.vulnerabilities.critical),
  count('high', 'High', (e) => e.vulnerabilities.high),
  count('exploited', 'Exploited', (e) => e.exploited),
  count('uncovered', 'Not judged', (e) => e.uncovered),
  { id: 'os', header: 'System', size: 110, enableSorting: false, meta: { grow: 1, wide: true }, cell: ({ row }) => row.original.device.os },
  { id: 'assessed', header: 'Judged', size: 125, enableSorting: false, meta: { wide: true }, cell: ({ row }) => <><Instant at={row.original.assessed_at} show="age" />{row.original.inventory?.complete === false && <span className="muted small"> newest inventory not whole</span>}</> },
]

/** Judged devices by their exposure. */
export function ExposedDevicesPage() {
  const asked = useSearch({ from: '/inside/exposure/devices' })
  const navigate = useNavigate({ from: '/exposure/devices' })
  const list = useInfiniteQuery(deviceExposuresQuery(asked))
  const change = useCallback((next: Partial<ExposedDevicesSearch>) => void navigate({ search: (old) => ({ ...old, ...next }), replace: true }), [navigate])
  const filtered = Boolean(asked.search || asked.level)
  const has = (level: string) => (asked.level ?? '').split(',').includes(level)
  return (
    <div className="page">
      <PageHeader title="Exposed devices" count={list.data?.pages[0]?.total} actions={<CsvLink href={`/api/v1/exposure-score/devices?${queryOf({ ...asked, format: 'csv' })}`} />} />
      <FeedAlarms />
      <Filters label="exposed devices" placeholder="Name" search={asked.search} onSearch={(search) => change({ search })} filtered={filtered} onClear={() => change({ search: undefined, level: undefined })}>
        {EXPOSURE_LEVELS.map((level) => <Chip key={level} on={has(level)} onChange={() => change({ level: toggleWord(asked.level, level) })}>{LEVEL_WORDS[level]}</Chip>)}
      </Filters>
      <ListBody
        what="exposed devices"
        list={list}
        columns={COLUMNS}
        rowId={(e) => e.device.id}
        onOpen={(e) => void navigate({ to: '/devices/$deviceId/vulnerabilities', params: { deviceId: e.device.id } })}
        sorting={[{ id: 'exposure', desc: asked.order !== 'asc' }]}
        onSort={({ order }) => change({ order })}
        asked={asked}
        nothing={<EmptyState title={filtered ? 'No device matches' : 'No device was judged yet'}>{filtered ? 'Clear the filters to see all of them.' : 'A device is judged when its inventory has come.'}</EmptyState>}
      />
    </div>
  )
}
