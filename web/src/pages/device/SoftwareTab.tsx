import { Link } from '@tanstack/react-router'
import { useInfiniteQuery } from '@tanstack/react-query'
import { useNavigate, useParams, useSearch } from '@tanstack/react-router'
import type { ColumnDef } from '@tanstack/react-table'
import { useCallback } from 'react'
import { deviceSoftwareQuery } from '../../api/queries/vulnerabilities'
import type { InstalledSoftware } from '../../api/types'
import { FieldList } from '../../components/FieldList'
import { CsvLink, ListBody } from '../../components/ListBody'
import { SidePanel } from '../../components/SidePanel'
import { EmptyState } from '../../components/states'
import { formatCount } from '../../lib/format'
import { type DeviceSoftwareSearch, queryOf } from '../../lib/vulnerabilitySearch'
import { Chip, Filters } from '../vulnerabilities/Chips'
import { Judged } from '../vulnerabilities/SoftwarePage'

const COLUMNS: ColumnDef<InstalledSoftware>[] = [
  { id: 'name', header: 'Name', accessorKey: 'name', size: 160, meta: { grow: 2 } },
  { id: 'version', header: 'Version', accessorKey: 'version', size: 140, enableSorting: false, meta: { grow: 1, mono: true } },
  { id: 'kind', header: 'Kind', size: 110, enableSorting: false, meta: { wide: true }, accessorFn: (s) => s.release || s.ecosystem },
  { id: 'severity', header: 'Worst', size: 120, cell: ({ row }) => <Judged covered={row.original.covered} severity={row.original.severity} /> },
  { id: 'weaknesses', header: 'Vulnerabilities', size: 120, enableSorting: false, meta: { align: 'end', wide: true }, cell: ({ row }) => (row.original.weaknesses || row.original.covered ? formatCount(row.original.weaknesses) : '–') },
  { id: 'running', header: 'Runs', size: 80, enableSorting: false, meta: { wide: true }, cell: ({ row }) => (row.original.running ? 'yes' : <span className="muted">no</span>) },
  { id: 'evidence', header: 'Evidence', size: 170, enableSorting: false, meta: { grow: 2, wide: true, mono: true }, cell: ({ row }) => row.original.paths[0] ?? <span className="muted">package database</span> },
]

const idOf = (s: InstalledSoftware): string => [s.software_id, s.version, s.release, s.architecture].join(' ')

/** What is installed on this machine, with its evidence. */
export function SoftwareTab() {
  const { deviceId } = useParams({ from: '/inside/devices/$deviceId/software' })
  const { panel, ...asked } = useSearch({ from: '/inside/devices/$deviceId/software' })
  const navigate = useNavigate({ from: '/devices/$deviceId/software' })
  const list = useInfiniteQuery(deviceSoftwareQuery(deviceId, asked))
  const change = useCallback((next: Partial<DeviceSoftwareSearch>) => void navigate({ search: (old) => ({ ...old, ...next }), replace: true }), [navigate])
  const filtered = Boolean(asked.search) || [asked.vulnerable, asked.running, asked.covered].some((v) => v !== undefined)
  const open = list.data?.pages.flatMap((p) => p.items).find((s) => idOf(s) === panel)
  const total = list.data?.pages[0]?.total
  return (
    <>
      <div className="row between wrap">
        <Filters label="software of the device" placeholder="Name, maker, source package" search={asked.search} onSearch={(search) => change({ search })} filtered={filtered} onClear={() => change({ search: undefined, vulnerable: undefined, running: undefined, covered: undefined })}>
          <Chip on={asked.vulnerable === true} onChange={(on) => change({ vulnerable: on || undefined })}>Vulnerable</Chip>
          <Chip on={asked.running === true} onChange={(on) => change({ running: on || undefined })}>Runs</Chip>
          <Chip on={asked.covered === false} onChange={(on) => change({ covered: on ? false : undefined })}>Not judged</Chip>
        </Filters>
        <div className="row"><span className="muted">{total !== undefined && `${formatCount(total)} packages`}</span><CsvLink href={`/api/v1/devices/${deviceId}/software?${queryOf({ ...asked, format: 'csv' })}`} /></div>
      </div>
      <ListBody
        what="software"
        list={list}
        columns={COLUMNS}
        rowId={idOf}
        selected={panel}
        onOpen={(s) => change({ panel: idOf(s) })}
        sorting={[{ id: asked.sort ?? 'name', desc: asked.order ? asked.order === 'desc' : asked.sort === 'severity' }]}
        onSort={(next) => change(next as Partial<DeviceSoftwareSearch>)}
        asked={asked}
        nothing={
          <EmptyState title={filtered ? 'No software matches' : 'No inventory of this machine has come yet'}>
            {filtered ? 'Clear the filters to see all of it.' : 'Its sensor sends one soon after it enrols. “Look again” above asks for it now.'}
          </EmptyState>
        }
      />
      <SidePanel
        open={open !== undefined}
        title={open?.name ?? ''}
        onClose={() => change({ panel: undefined })}
        actions={
          open && (
            <>
              <Link className="link" to="/software" search={{ panel: open.software_id }}>On other devices</Link>
              <Link className="link" to="/devices/$deviceId/vulnerabilities" params={{ deviceId }} search={{ search: open.name }}>Its vulnerabilities here</Link>
            </>
          )
        }
      >
        {open && <FieldList fields={Object.entries(open)} isInstant={(name) => name === 'first_seen'} />}
      </SidePanel>
    </>
  )
}
