import { CheckmarkCircleFilled, FolderOpenRegular, WarningFilled } from '@fluentui/react-icons'
import { useInfiniteQuery } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import type { ColumnDef } from '@tanstack/react-table'
import { useCallback } from 'react'
import { sharesQuery } from '../../api/queries/inventory'
import type { DeviceShare } from '../../api/types'
import { FieldList } from '../../components/FieldList'
import type { InventorySearch } from '../../lib/inventorySearch'
import { deviceColumn, InventoryList } from './InventoryList'
import { shareRisks } from './words'

/** What about a share lets more in than it should; never colour alone. */
function Openness({ share }: { share: DeviceShare }) {
  const risks = shareRisks(share)
  return (
    <span className={`state ${risks.length ? 'warn' : 'good'}`} title={risks.join('\n')}>
      <span aria-hidden className="state-icon">{risks.length ? <WarningFilled /> : <CheckmarkCircleFilled />}</span>
      {risks.length ? risks[0] : 'Named clients only'}
      {risks.length > 1 && ` and ${risks.length - 1} more`}
    </span>
  )
}

const COLUMNS: ColumnDef<DeviceShare>[] = [
  { id: 'name', header: 'Share', accessorKey: 'name', size: 150, meta: { grow: 1 } },
  deviceColumn(),
  { id: 'risk', header: 'Who gets in', size: 220, meta: { grow: 1, wide: true }, cell: ({ row }) => <Openness share={row.original} /> },
  { id: 'protocol', header: 'Protocol', size: 90, meta: { wide: true }, accessorFn: (s) => s.protocol.toUpperCase() },
  { id: 'path', header: 'Folder', accessorKey: 'path', size: 150, meta: { grow: 1, wide: true, mono: true } },
  { id: 'clients', header: 'Clients', size: 150, meta: { grow: 1, wide: true }, cell: ({ row }) => row.original.clients.join(', ') || <span className="muted">everybody</span> },
  { id: 'writable', header: 'Writable', size: 90, meta: { wide: true }, accessorFn: (s) => (s.writable ? 'yes' : 'no') },
  { id: 'running', header: 'Served', size: 100, meta: { wide: true, hint: 'Whether its server runs' }, cell: ({ row: { original: { running } } }) => (running === null ? <span className="muted">not known</span> : running ? 'yes' : 'no') },
]

const idOf = (s: DeviceShare): string => [s.device_id, s.protocol, s.name, s.path].join(' ')

/** Folders that machines let others mount. */
export function SharesPage() {
  const search = useSearch({ from: '/inside/shares' })
  const navigate = useNavigate({ from: '/shares' })
  const list = useInfiniteQuery(sharesQuery({ search: search.search, device: search.device }))
  const change = useCallback((next: Partial<InventorySearch>) => void navigate({ search: (old) => ({ ...old, ...next }), replace: true }), [navigate])
  return (
    <InventoryList
      title="Network shares"
      about="Folders that machines let others mount, and who gets in."
      what="shares"
      placeholder="Name, folder, client, device"
      path="/api/v1/network-shares"
      list={list}
      columns={COLUMNS}
      idOf={idOf}
      titleOf={(s) => s.name}
      search={search}
      onChange={change}
      icon={<FolderOpenRegular />}
      none="Sensors send NFS and Samba shares with the inventory of their machine. A machine whose inventory has come and that is not here shares nothing."
    >
      {(share) => (
        <div className="stack">
          {shareRisks(share).length > 0 ? (
            <ul className="risk-list" aria-label="What lets more in than it should">
              {shareRisks(share).map((risk) => <li key={risk}>{risk}</li>)}
            </ul>
          ) : (
            <p>Only the named clients get in, and a remote administrator is no administrator here.</p>
          )}
          <FieldList fields={Object.entries(share)} isInstant={() => false} />
        </div>
      )}
    </InventoryList>
  )
}
