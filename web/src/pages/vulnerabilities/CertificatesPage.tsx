import { Select } from '@fluentui/react-components'
import { CertificateRegular, CheckmarkCircleFilled, ClockRegular, DismissCircleFilled, WarningFilled } from '@fluentui/react-icons'
import { useInfiniteQuery } from '@tanstack/react-query'
import { Link, useNavigate, useSearch } from '@tanstack/react-router'
import type { ColumnDef } from '@tanstack/react-table'
import { useCallback } from 'react'
import { certificatesQuery } from '../../api/queries/vulnerabilities'
import type { DeviceCertificate } from '../../api/types'
import { Instant } from '../../components/Instant'
import { FieldList } from '../../components/FieldList'
import { CsvLink, ListBody } from '../../components/ListBody'
import { PageHeader } from '../../components/PageHeader'
import { SidePanel } from '../../components/SidePanel'
import { EmptyState } from '../../components/states'
import { certificatesAsked, type CertificatesSearch, queryOf } from '../../lib/vulnerabilitySearch'
import { Chip, Filters } from './Chips'
import { CERTIFICATE_WORDS, PROBLEM_WORDS } from './words'

const LOOK: Record<string, [string, React.ReactNode]> = {
  valid: ['good', <CheckmarkCircleFilled key="i" />],
  expiring: ['warn', <WarningFilled key="i" />],
  expired: ['bad', <DismissCircleFilled key="i" />],
  not_yet_valid: ['quiet', <ClockRegular key="i" />],
}

function Status({ status }: { status: string }) {
  const [tone, icon] = LOOK[status] ?? ['quiet', null]
  return <span className={`state ${tone}`}><span aria-hidden className="state-icon">{icon}</span>{CERTIFICATE_WORDS[status] ?? status}</span>
}

const COLUMNS: ColumnDef<DeviceCertificate>[] = [
  { id: 'subject', header: 'For', accessorKey: 'subject', size: 170, enableSorting: false, meta: { grow: 2 } },
  { id: 'device', header: 'Device', size: 120, enableSorting: false, meta: { grow: 1 }, cell: ({ row }) => <Link className="link" tabIndex={-1} to="/devices/$deviceId" params={{ deviceId: row.original.device_id }}>{row.original.device_name}</Link> },
  { id: 'status', header: 'State', size: 120, enableSorting: false, cell: ({ row }) => <Status status={row.original.status} /> },
  { id: 'end', header: 'Ends', size: 150, meta: { wide: true }, cell: ({ row }) => <Instant at={row.original.not_after} none="not known" /> },
  { id: 'problems', header: 'Problems', size: 140, enableSorting: false, meta: { grow: 1, wide: true }, cell: ({ row }) => row.original.problems.map((p) => PROBLEM_WORDS[p] ?? p).join(', ') },
  { id: 'key', header: 'Key', size: 90, enableSorting: false, meta: { wide: true }, cell: ({ row }) => `${row.original.key_type} ${row.original.key_size || ''}` },
  { id: 'issuer', header: 'Signed by', accessorKey: 'issuer', size: 140, enableSorting: false, meta: { grow: 1, wide: true } },
  { id: 'path', header: 'File', size: 150, enableSorting: false, meta: { grow: 1, wide: true, mono: true }, cell: ({ row }) => row.original.paths[0] },
]

const idOf = (c: DeviceCertificate): string => `${c.device_id} ${c.fingerprint}`

/** Certificates that machines show or use, those that end first at the top. */
export function CertificatesPage() {
  const search = useSearch({ from: '/inside/certificates' })
  const navigate = useNavigate({ from: '/certificates' })
  const asked = certificatesAsked(search)
  const list = useInfiniteQuery(certificatesQuery(asked))
  const change = useCallback((next: Partial<CertificatesSearch>) => void navigate({ search: (old) => ({ ...old, ...next }), replace: true }), [navigate])
  const filtered = Boolean(search.search || search.ends || search.weak || search.store)
  const open = list.data?.pages.flatMap((p) => p.items).find((c) => idOf(c) === search.panel)
  return (
    <div className="page">
      <PageHeader title="Certificates" count={list.data?.pages[0]?.total} actions={<CsvLink href={`/api/v1/certificates?${queryOf({ ...asked, format: 'csv' })}`} />} />
      <Filters label="certificates" placeholder="Name, device, file" search={search.search} onSearch={(text) => change({ search: text })} filtered={filtered} onClear={() => change({ search: undefined, ends: undefined, weak: undefined, store: undefined })}>
        <Select size="small" aria-label="When it ends" value={search.ends ?? ''} onChange={(_, d) => change({ ends: (d.value || undefined) as CertificatesSearch['ends'] })}>
          <option value="">Whenever they end</option>
          <option value="0">Ended</option>
          <option value="30">Within 30 days, or ended</option>
          <option value="60">Within 60 days, or ended</option>
          <option value="90">Within 90 days, or ended</option>
        </Select>
        <Select size="small" aria-label="Which certificates" value={search.store ?? 'own'} onChange={(_, d) => change({ store: d.value === 'own' ? undefined : (d.value as CertificatesSearch['store']) })}>
          <option value="own">That machines show or use</option>
          <option value="trust">That machines trust</option>
          <option value="all">All</option>
        </Select>
        <Chip on={search.weak === true} onChange={(on) => change({ weak: on || undefined })}>Weak key or signature</Chip>
      </Filters>
      <ListBody
        what="certificates"
        list={list}
        columns={COLUMNS}
        rowId={idOf}
        selected={search.panel}
        onOpen={(c) => change({ panel: idOf(c) })}
        sorting={[{ id: 'end', desc: search.order === 'desc' }]}
        onSort={({ order }) => change({ order })}
        asked={asked}
        nothing={
          <EmptyState icon={<CertificateRegular />} title={filtered ? 'No certificate matches' : 'No certificate is known'}>
            {filtered ? 'Clear the filters to see all of them.' : 'Sensors send certificates with the inventory of their machine.'}
          </EmptyState>
        }
      />
      <SidePanel open={open !== undefined} title={open?.subject ?? ''} onClose={() => change({ panel: undefined })} actions={open && <Link className="link" to="/devices/$deviceId" params={{ deviceId: open.device_id }}>{open.device_name}</Link>}>
        {open && <FieldList fields={Object.entries(open)} isInstant={(name) => name.startsWith('not_')} />}
      </SidePanel>
    </div>
  )
}
