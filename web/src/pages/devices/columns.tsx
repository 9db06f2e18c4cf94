import { Link } from '@tanstack/react-router'
import type { ColumnDef } from '@tanstack/react-table'
import type { Device } from '../../api/types'
import { HealthBadge } from '../../components/HealthBadge'
import { Instant } from '../../components/Instant'

const ALL: ColumnDef<Device>[] = [
  {
    id: 'name',
    header: 'Name',
    accessorKey: 'name',
    size: 180,
    meta: { grow: 2 },
    cell: ({ row }) => (
      // The row is the one stop of the keyboard: Ctrl+Enter opens the page.
      <Link className="link" tabIndex={-1} to="/devices/$deviceId/timeline" params={{ deviceId: row.original.id }}>
        {row.original.name || row.original.id.slice(0, 12)}
      </Link>
    ),
  },
  {
    id: 'health',
    header: 'Health',
    accessorKey: 'health',
    size: 140,
    cell: ({ row }) => (
      <span title={row.original.health_reason}>
        <HealthBadge health={row.original.health} />
      </span>
    ),
  },
  {
    id: 'last_seen',
    header: 'Last seen',
    size: 130,
    sortDescFirst: true,
    accessorKey: 'last_seen',
    cell: ({ row }) => <Instant at={row.original.last_seen} show="age" />,
  },
  {
    id: 'os',
    header: 'System',
    accessorKey: 'os_distribution',
    size: 150,
    meta: { grow: 1, wide: true },
    cell: ({ row }) => `${row.original.os_distribution} ${row.original.os_version}`,
  },
  { id: 'kernel', header: 'Kernel', accessorKey: 'kernel', size: 140, enableSorting: false, meta: { grow: 1, wide: true } },
  {
    id: 'ip',
    header: 'Addresses',
    size: 150,
    enableSorting: false,
    meta: { grow: 1, wide: true },
    cell: ({ row }) => <span title={row.original.ip_addresses.join('\n')}>{row.original.ip_addresses.join(', ')}</span>,
  },
  { id: 'sensor_version', header: 'Sensor', size: 90, accessorKey: 'sensor_version', meta: { wide: true }, cell: ({ row: { original: d } }) => (d.onboarding === 'agentless' ? <span className="muted">none</span> : d.sensor_version) },
  {
    id: 'tags',
    header: 'Tags',
    size: 110,
    enableSorting: false,
    meta: { grow: 1, wide: true },
    cell: ({ row }) => row.original.tags.join(', '),
  },
]
const NARROW = ALL.filter((column) => !column.meta?.wide).map((column) => ({ ...column, size: column.id === 'name' ? 120 : 125 }))

/** Those that may be hidden: all but the name. */
export const OPTIONAL = ALL.filter((column) => column.id !== 'name').map((column) => ({ id: column.id!, title: String(column.header) }))

export const deviceColumns = (narrow: boolean): ColumnDef<Device>[] => (narrow ? NARROW : ALL)
