import { CheckmarkCircleFilled, DeveloperBoardRegular, DismissCircleFilled, QuestionCircleRegular } from '@fluentui/react-icons'
import { useInfiniteQuery } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import type { ColumnDef } from '@tanstack/react-table'
import { type ReactNode, useCallback } from 'react'
import { hardwareQuery } from '../../api/queries/inventory'
import type { DeviceHardware } from '../../api/types'
import { FieldList } from '../../components/FieldList'
import { formatBytes } from '../../lib/format'
import type { InventorySearch } from '../../lib/inventorySearch'
import { deviceColumn, InventoryList } from './InventoryList'
import { openWeaknesses } from './words'

const BOOT: Record<string, [string, string, ReactNode]> = {
  true: ['good', 'On', <CheckmarkCircleFilled key="i" />],
  false: ['bad', 'Off', <DismissCircleFilled key="i" />],
  null: ['quiet', 'Not known', <QuestionCircleRegular key="i" />],
}

function SecureBoot({ on }: { on: boolean | null }) {
  const [tone, word, icon] = BOOT[String(on)]!
  return <span className={`state ${tone}`}><span aria-hidden className="state-icon">{icon}</span>{word}</span>
}

const unknown = <span className="muted">not known</span>

const COLUMNS: ColumnDef<DeviceHardware>[] = [
  deviceColumn(),
  { id: 'model', header: 'Model', size: 180, meta: { grow: 2 }, cell: ({ row: { original: h } }) => `${h.manufacturer} ${h.model}`.trim() || unknown },
  { id: 'firmware', header: 'Firmware', size: 170, meta: { grow: 1, wide: true }, cell: ({ row: { original: h } }) => `${h.firmware_vendor} ${h.firmware_version}`.trim() || unknown },
  { id: 'date', header: 'Of', size: 100, meta: { wide: true, hint: 'The firmware’s date, as it writes it' }, cell: ({ row }) => row.original.firmware_date || unknown },
  { id: 'secure_boot', header: 'Secure boot', size: 120, meta: { wide: true }, cell: ({ row }) => <SecureBoot on={row.original.secure_boot} /> },
  { id: 'tpm', header: 'TPM', size: 80, meta: { wide: true }, cell: ({ row }) => row.original.tpm || <span className="muted">none</span> },
  { id: 'processor', header: 'Processor', size: 180, accessorKey: 'processor', meta: { grow: 1, wide: true } },
  { id: 'weaknesses', header: 'Open in it', size: 100, meta: { align: 'end', wide: true, hint: 'Weaknesses of the processor that the kernel calls vulnerable' }, cell: ({ row }) => openWeaknesses(row.original.processor_weaknesses).length },
  { id: 'memory', header: 'Memory', size: 95, meta: { align: 'end', wide: true }, cell: ({ row }) => formatBytes(row.original.memory_bytes) },
]

/** What machines are made of, and what starts them. */
export function HardwarePage() {
  const search = useSearch({ from: '/inside/hardware' })
  const navigate = useNavigate({ from: '/hardware' })
  const list = useInfiniteQuery(hardwareQuery({ search: search.search, device: search.device }))
  const change = useCallback((next: Partial<InventorySearch>) => void navigate({ search: (old) => ({ ...old, ...next }), replace: true }), [navigate])
  return (
    <InventoryList
      title="Hardware and firmware"
      about="What machines are made of, what starts them, and what the kernel says of their processor."
      what="machines"
      placeholder="Maker, model, firmware, processor, device"
      path="/api/v1/hardware"
      list={list}
      columns={COLUMNS}
      idOf={(h) => h.device_id}
      titleOf={(h) => h.device_name}
      search={search}
      onChange={change}
      icon={<DeveloperBoardRegular />}
      none="Sensors send what they can read of it with the inventory of their machine."
    >
      {(h) => <Details of={h} />}
    </InventoryList>
  )
}

function Details({ of: h }: { of: DeviceHardware }) {
  const { processor_weaknesses: weaknesses, ...rest } = h
  const open = openWeaknesses(weaknesses)
  return (
    <div className="stack">
      <div className="row wrap"><span className="muted">Secure boot</span><SecureBoot on={h.secure_boot} /></div>
      {open.length > 0 && (
        <section className="stack" aria-label="Open weaknesses of the processor">
          <h3>The kernel calls the processor vulnerable</h3>
          <ul className="risk-list">{open.map((w) => <li key={w} className="break">{w}</li>)}</ul>
          <p className="muted small">New microcode, or a kernel with the mitigation switched on, closes them.</p>
        </section>
      )}
      <FieldList fields={[...Object.entries(rest), ['processor_weaknesses', weaknesses.join('\n')]]} isInstant={() => false} />
    </div>
  )
}
