import { BoxRegular } from '@fluentui/react-icons'
import { useInfiniteQuery } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import type { ColumnDef } from '@tanstack/react-table'
import { useCallback } from 'react'
import { softwareListQuery } from '../../api/queries/vulnerabilities'
import type { Software } from '../../api/types'
import { CsvLink, ListBody } from '../../components/ListBody'
import { PageHeader } from '../../components/PageHeader'
import { Severity } from '../../components/Severity'
import { EmptyState } from '../../components/states'
import { formatCount } from '../../lib/format'
import { queryOf, type SoftwareSearch } from '../../lib/vulnerabilitySearch'
import { Chip, Filters } from './Chips'
import { FeedAlarms } from './Feeds'
import { SoftwarePanel } from './SoftwarePanel'

/** Without a feed nobody knows: that is no clean bill. */
export const Judged = ({ covered, severity }: { covered: boolean; severity: string }) =>
  severity || covered ? <Severity severity={severity} none="none found" /> : <span className="muted" title="No feed speaks of it: no finding is no clean bill">not judged</span>

const COLUMNS: ColumnDef<Software>[] = [
  { id: 'name', header: 'Name', accessorKey: 'name', size: 160, meta: { grow: 2 } },
  { id: 'vendor', header: 'Maker', accessorKey: 'vendor', size: 110, meta: { grow: 1, wide: true } },
  { id: 'ecosystem', header: 'Kind', accessorKey: 'ecosystem', size: 100, enableSorting: false, meta: { wide: true } },
  { id: 'severity', header: 'Worst', size: 120, cell: ({ row }) => <Judged covered={row.original.covered} severity={row.original.severity} /> },
  { id: 'vulnerabilities', header: 'Vulnerabilities', size: 120, meta: { align: 'end', wide: true }, cell: ({ row }) => (row.original.weaknesses || row.original.covered ? formatCount(row.original.weaknesses) : '–') },
  { id: 'exploited', header: 'Exploited', size: 95, enableSorting: false, meta: { align: 'end', wide: true }, cell: ({ row }) => formatCount(row.original.exploited) },
  { id: 'devices', header: 'Devices', size: 90, meta: { align: 'end' }, cell: ({ row }) => formatCount(row.original.installed_devices) },
  { id: 'exposed_devices', header: 'Exposed', size: 90, meta: { align: 'end', wide: true }, cell: ({ row }) => formatCount(row.original.exposed_devices) },
  { id: 'versions', header: 'Versions', size: 90, meta: { align: 'end', wide: true }, cell: ({ row }) => formatCount(row.original.versions) },
  { id: 'end', header: 'End of support', size: 120, enableSorting: false, meta: { wide: true }, cell: ({ row }) => row.original.end_of_support || <span className="muted">not known</span> },
]

/** What is installed. */
export function SoftwarePage() {
  const { panel, ...asked } = useSearch({ from: '/inside/software' })
  const navigate = useNavigate({ from: '/software' })
  const list = useInfiniteQuery(softwareListQuery(asked))
  const change = useCallback((next: Partial<SoftwareSearch>) => void navigate({ search: (old) => ({ ...old, ...next }), replace: true }), [navigate])
  const filtered = Boolean(asked.search || asked.ecosystem || asked.ended) || [asked.vulnerable, asked.exploited, asked.covered].some((v) => v !== undefined)
  const clear = () => change({ search: undefined, ecosystem: undefined, vulnerable: undefined, exploited: undefined, covered: undefined, ended: undefined })
  const sort = asked.sort ?? 'severity'
  return (
    <div className="page">
      <PageHeader title="Software" count={list.data?.pages[0]?.total} actions={<CsvLink href={`/api/v1/software?${queryOf({ ...asked, format: 'csv' })}`} />} />
      <FeedAlarms />
      <Filters label="software" placeholder="Name, maker, source package" search={asked.search} onSearch={(search) => change({ search })} filtered={filtered} onClear={clear}>
        <Chip on={asked.vulnerable === true} onChange={(on) => change({ vulnerable: on || undefined })}>Vulnerable</Chip>
        <Chip on={asked.exploited === true} onChange={(on) => change({ exploited: on || undefined })}>Exploited now</Chip>
        <Chip on={asked.covered === false} onChange={(on) => change({ covered: on ? false : undefined })}>Not judged</Chip>
        <Chip on={asked.ended === true} onChange={(on) => change({ ended: on || undefined })}>Out of support</Chip>
      </Filters>
      <ListBody
        what="software"
        list={list}
        columns={COLUMNS}
        rowId={(s) => s.id}
        selected={panel}
        onOpen={(s) => change({ panel: s.id })}
        sorting={[{ id: sort, desc: asked.order ? asked.order === 'desc' : sort !== 'name' && sort !== 'vendor' }]}
        onSort={(next) => change(next as Partial<SoftwareSearch>)}
        asked={asked}
        nothing={
          <EmptyState icon={<BoxRegular />} title={filtered ? 'No software matches' : 'No inventory has come yet'}>
            {filtered ? 'Clear the filters to see all of it.' : 'A sensor sends what is installed soon after it enrols. “Look again” on a device’s page asks for it now.'}
          </EmptyState>
        }
      />
      <SoftwarePanel id={panel} onClose={() => change({ panel: undefined })} />
    </div>
  )
}
