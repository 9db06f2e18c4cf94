import { ShieldCheckmarkRegular } from '@fluentui/react-icons'
import { useInfiniteQuery } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import type { ColumnDef } from '@tanstack/react-table'
import { useCallback } from 'react'
import { weaknessesQuery } from '../../api/queries/vulnerabilities'
import type { Vulnerability } from '../../api/types'
import { Instant } from '../../components/Instant'
import { CsvLink, ListBody } from '../../components/ListBody'
import { PageHeader } from '../../components/PageHeader'
import { Severity } from '../../components/Severity'
import { EmptyState } from '../../components/states'
import { formatCount } from '../../lib/format'
import { queryOf, type WeaknessesSearch } from '../../lib/vulnerabilitySearch'
import { Chip, Filters, SeverityChips } from './Chips'
import { FeedAlarms } from './Feeds'
import { WeaknessPanel } from './WeaknessPanel'
import { epssText, UPDATE_WORDS } from './words'

const COLUMNS: ColumnDef<Vulnerability>[] = [
  { id: 'id', header: 'Vulnerability', accessorKey: 'id', size: 150, meta: { mono: true } },
  { id: 'severity', header: 'Severity', size: 110, cell: ({ row }) => <Severity severity={row.original.severity} /> },
  { id: 'cvss', header: 'CVSS', size: 90, meta: { align: 'end', wide: true }, cell: ({ row }) => (row.original.cvss === null ? <span className="muted">not scored</span> : row.original.cvss.toFixed(1)) },
  { id: 'epss', header: 'EPSS', size: 95, meta: { align: 'end', wide: true, hint: 'How likely it is to be exploited within 30 days' }, cell: ({ row }) => (row.original.epss === null ? <span className="muted">not scored</span> : epssText(row.original.epss)) },
  { id: 'threats', header: 'Threats', size: 130, enableSorting: false, meta: { wide: true }, cell: ({ row }) => [row.original.exploited && 'exploited now', row.original.public_exploit && 'public exploit'].filter(Boolean).join(', ') || <span className="muted">none known</span> },
  { id: 'devices', header: 'Devices', size: 90, meta: { align: 'end' }, cell: ({ row }) => formatCount(row.original.exposed_devices) },
  { id: 'software', header: 'Software', size: 150, enableSorting: false, meta: { grow: 2, wide: true }, cell: ({ row }) => <span title={row.original.software.join('\n')}>{row.original.software.join(', ')}</span> },
  { id: 'updates', header: 'Update', size: 150, enableSorting: false, meta: { grow: 1, wide: true }, cell: ({ row }) => UPDATE_WORDS[row.original.updates] ?? row.original.updates },
  { id: 'published', header: 'Published', size: 125, meta: { wide: true }, cell: ({ row }) => <Instant at={row.original.published_on} show="age" none="not known" /> },
  { id: 'first_seen', header: 'Found', size: 125, meta: { wide: true }, cell: ({ row }) => <Instant at={row.original.first_detected} show="age" /> },
]

/** Vulnerabilities that machines have. */
export function WeaknessesPage() {
  const { panel, ...asked } = useSearch({ from: '/inside/weaknesses' })
  const navigate = useNavigate({ from: '/weaknesses' })
  const list = useInfiniteQuery(weaknessesQuery(asked))
  const change = useCallback((next: Partial<WeaknessesSearch>) => void navigate({ search: (old) => ({ ...old, ...next }), replace: true }), [navigate])
  const filtered = Boolean(asked.search || asked.severity || asked.software || asked.exploited !== undefined || asked.fixable !== undefined || asked.excepted)
  const clear = () => change({ search: undefined, severity: undefined, software: undefined, exploited: undefined, fixable: undefined, excepted: undefined })
  return (
    <div className="page">
      <PageHeader title="Weaknesses" count={list.data?.pages[0]?.total} actions={<CsvLink href={`/api/v1/vulnerabilities?${queryOf({ ...asked, format: 'csv' })}`} />} />
      <FeedAlarms />
      <Filters label="weaknesses" placeholder="CVE, name, package" search={asked.search} onSearch={(search) => change({ search })} filtered={filtered} onClear={clear}>
        <SeverityChips chosen={asked.severity} onChange={(severity) => change({ severity })} />
        <Chip on={asked.exploited === true} onChange={(on) => change({ exploited: on || undefined })}>Exploited now</Chip>
        <Chip on={asked.fixable === true} onChange={(on) => change({ fixable: on || undefined })}>Update available</Chip>
        <Chip on={asked.fixable === false} onChange={(on) => change({ fixable: on ? false : undefined })}>No update</Chip>
        <Chip on={asked.excepted === 'hide'} onChange={(on) => change({ excepted: on ? 'hide' : undefined })}>Without excepted ones</Chip>
      </Filters>
      <ListBody
        what="weaknesses"
        list={list}
        columns={COLUMNS}
        rowId={(v) => v.id}
        selected={panel}
        onOpen={(v) => change({ panel: v.id })}
        sorting={[{ id: asked.sort ?? 'severity', desc: asked.order !== 'asc' }]}
        onSort={(next) => change(next as Partial<WeaknessesSearch>)}
        asked={asked}
        nothing={
          <EmptyState icon={<ShieldCheckmarkRegular />} title={filtered ? 'No weakness matches' : 'No weakness is known'}>
            {filtered ? 'Clear the filters to see all of them.' : 'Where feeds are missing or devices were not judged, that is no clean bill: the dashboard says which.'}
          </EmptyState>
        }
      />
      <WeaknessPanel id={panel} onClose={() => change({ panel: undefined })} />
    </div>
  )
}
