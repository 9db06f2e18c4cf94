import { PuzzlePieceRegular } from '@fluentui/react-icons'
import { useInfiniteQuery } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import type { ColumnDef } from '@tanstack/react-table'
import { useCallback } from 'react'
import { extensionsQuery } from '../../api/queries/inventory'
import type { DeviceBrowserExtension } from '../../api/types'
import { FieldList } from '../../components/FieldList'
import { Severity } from '../../components/Severity'
import { humanise } from '../../lib/format'
import type { InventorySearch } from '../../lib/inventorySearch'
import { deviceColumn, InventoryList } from './InventoryList'

const on = (enabled: boolean | null): string => (enabled === null ? 'not known' : enabled ? 'yes' : 'no')

const COLUMNS: ColumnDef<DeviceBrowserExtension>[] = [
  { id: 'name', header: 'Extension', size: 170, meta: { grow: 2 }, accessorFn: (e) => e.name || e.extension_id },
  { id: 'risk', header: 'Permissions', size: 120, meta: { hint: 'How much harm its permissions allow' }, cell: ({ row }) => <Severity severity={row.original.risk} none="nothing special" /> },
  deviceColumn(),
  { id: 'browser', header: 'Browser', size: 100, meta: { wide: true }, accessorFn: (e) => humanise(e.browser) },
  { id: 'version', header: 'Version', accessorKey: 'version', size: 110, meta: { wide: true, mono: true } },
  { id: 'user', header: 'Of whom', accessorKey: 'user', size: 110, meta: { grow: 1, wide: true } },
  { id: 'enabled', header: 'On', size: 95, meta: { wide: true }, accessorFn: (e) => on(e.enabled) },
  { id: 'origin', header: 'From', accessorKey: 'origin', size: 120, meta: { grow: 1, wide: true } },
]

const idOf = (e: DeviceBrowserExtension): string => [e.device_id, e.browser, e.user, e.extension_id, e.path].join(' ')

/** Extensions of browsers on machines, and what they may do. */
export function ExtensionsPage() {
  const search = useSearch({ from: '/inside/browser-extensions' })
  const navigate = useNavigate({ from: '/browser-extensions' })
  const list = useInfiniteQuery(extensionsQuery({ search: search.search, device: search.device }))
  const change = useCallback((next: Partial<InventorySearch>) => void navigate({ search: (old) => ({ ...old, ...next }), replace: true }), [navigate])
  return (
    <InventoryList
      title="Browser extensions"
      about="What browsers on machines were given, and how much harm it could do."
      what="extensions"
      placeholder="Name, identifier, permission, user, device"
      path="/api/v1/browser-extensions"
      list={list}
      columns={COLUMNS}
      idOf={idOf}
      titleOf={(e) => e.name || e.extension_id}
      search={search}
      onChange={change}
      icon={<PuzzlePieceRegular />}
      none="Sensors send extensions of Chrome, Chromium, Edge, Brave, Vivaldi, Opera and Firefox with the inventory of their machine. Most servers have none."
    >
      {(extension) => <Details of={extension} />}
    </InventoryList>
  )
}

function Details({ of: e }: { of: DeviceBrowserExtension }) {
  return (
    <div className="stack">
      <div className="row wrap"><span className="muted">Risk of its permissions</span><Severity severity={e.risk} none="nothing special" /></div>
      {e.description && <p className="break">{e.description}</p>}
      {e.judged.length > 0 && (
        <section className="stack" aria-label="What it may do">
          <h3>What it may do</h3>
          <ul className="plain-list">
            {e.judged.map((p) => (
              <li key={p.id}>
                <div className="grow">{p.name} <code className="break muted small">{p.id}</code><div className="muted small">{p.reason}{!p.required && ' It may ask for it later.'}</div></div>
                <Severity severity={p.risk} />
              </li>
            ))}
          </ul>
        </section>
      )}
      <FieldList fields={Object.entries(e).filter(([name]) => name !== 'judged')} isInstant={() => false} />
    </div>
  )
}
