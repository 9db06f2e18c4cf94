import { Link } from '@tanstack/react-router'
import type { ColumnDef } from '@tanstack/react-table'
import type { Machine } from '../../api/types'
import { Instant } from '../../components/Instant'
import { StatusBadge } from '../../components/StatusBadge'
import { AgentlessState } from '../agentless/words'
import { PLAN_NAMES } from '../subscriptions/planText'
import { ChooseAll, ChooseRow } from './selection'
import { actionWord, extensionWord, systemOf } from './words'

const ALL: ColumnDef<Machine>[] = [
  {
    id: 'choose',
    size: 44,
    enableSorting: false,
    header: ({ table }) => <ChooseAll ids={table.getRowModel().rows.map((row) => row.id)} />,
    cell: ({ row }) => <ChooseRow id={row.original.id} name={row.original.name} />,
    meta: { wide: true },
  },
  {
    id: 'name',
    header: 'Name',
    accessorKey: 'name',
    size: 160,
    meta: { grow: 2 },
    cell: ({ row }) => (
      // The row is the one stop of the keyboard: Ctrl+Enter opens the page.
      <Link className="link" tabIndex={-1} to="/machines/$machineId" params={{ machineId: row.original.id }}>{row.original.name}</Link>
    ),
  },
  { id: 'status', header: 'Status', accessorKey: 'status', size: 135, cell: ({ row }) => <StatusBadge status={row.original.status} /> },
  { id: 'subscription', header: 'Subscription', accessorKey: 'subscription', size: 115, meta: { grow: 1, wide: true } },
  {
    id: 'system',
    header: 'System',
    size: 115,
    meta: { grow: 1, wide: true },
    accessorFn: systemOf,
    cell: ({ row }) => systemOf(row.original) || <span className="muted">not known yet</span>,
  },
  {
    id: 'addresses',
    header: 'Addresses',
    size: 125,
    enableSorting: false,
    meta: { grow: 1, wide: true },
    cell: ({ row }) => <span title={row.original.addresses.join('\n')}>{row.original.addresses.join(', ')}</span>,
  },
  {
    id: 'extension',
    header: 'Extension',
    accessorKey: 'extension',
    size: 92,
    meta: { wide: true },
    cell: ({ row }) => <span title={row.original.extension_name}>{extensionWord(row.original.extension)}</span>,
  },
  { id: 'plan', header: 'Plan', size: 115, enableSorting: false, meta: { wide: true }, cell: ({ row }) => PLAN_NAMES[row.original.plan] ?? <span className="muted">none</span> },
  { id: 'agentless', header: 'Agentless scan', size: 130, enableSorting: false, meta: { wide: true }, cell: ({ row }) => <AgentlessState state={row.original.agentless.state} /> },
  { id: 'doing', header: 'Under way', size: 115, enableSorting: false, meta: { wide: true }, cell: ({ row }) => row.original.doing && actionWord(row.original.doing) },
  {
    id: 'evaluated',
    header: 'Judged',
    size: 115,
    enableSorting: false,
    meta: { wide: true, hint: 'When its health was last judged' },
    cell: ({ row }) => <Instant at={row.original.evaluated_at} show="age" none="not yet" />,
  },
]
const NARROW = ALL.filter((column) => !column.meta?.wide).map((column) => ({ ...column, size: column.id === 'name' ? 120 : 138 }))
const READ_ONLY = ALL.filter((column) => column.id !== 'choose')

/** Those that may be hidden: all but the name. */
export const OPTIONAL = READ_ONLY.filter((column) => column.id !== 'name').map((column) => ({ id: column.id!, title: String(column.header) }))

export const machineColumns = (narrow: boolean, choose: boolean): ColumnDef<Machine>[] => (narrow ? NARROW : choose ? ALL : READ_ONLY)
