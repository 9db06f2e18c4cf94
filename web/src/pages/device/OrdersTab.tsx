import { useQuery } from '@tanstack/react-query'
import { useNavigate, useParams, useSearch } from '@tanstack/react-router'
import type { ColumnDef } from '@tanstack/react-table'
import { ordersQuery } from '../../api/queries/orders'
import type { Order } from '../../api/types'
import { Instant } from '../../components/Instant'
import { ErrorBar } from '../../components/ErrorBar'
import { SidePanel } from '../../components/SidePanel'
import { EmptyState, ErrorState, Loading } from '../../components/states'
import { VirtualGrid } from '../../components/VirtualGrid'
import { useNarrow } from '../../lib/hooks'
import { formatMillis } from '../../lib/time'
import { OrderProgress } from './OrderProgress'
import { OrderState } from './OrderState'
import { orderTitle } from './orderText'

const COLUMNS: ColumnDef<Order>[] = [
  { id: 'created', header: 'Asked', size: 165, cell: ({ row }) => <Instant at={row.original.created_at} /> },
  { id: 'kind', header: 'Order', size: 110, cell: ({ row }) => orderTitle(row.original.kind) },
  { id: 'state', header: 'State', size: 130, cell: ({ row }) => <OrderState state={row.original.state} /> },
  {
    id: 'time',
    header: 'Round trip',
    size: 100,
    meta: { align: 'end', wide: true },
    cell: ({ row }) => (typeof row.original.round_trip_ms === 'number' ? formatMillis(row.original.round_trip_ms) : ''),
  },
  { id: 'by', header: 'Asked by', size: 150, meta: { grow: 1, wide: true }, cell: ({ row }) => row.original.requested_by },
  { id: 'reason', header: 'Reason', size: 160, meta: { grow: 2, wide: true }, cell: ({ row }) => row.original.reason },
]

/** Every order to this machine with its proof. */
export function OrdersTab() {
  const { deviceId } = useParams({ from: '/inside/devices/$deviceId/orders' })
  const orders = useQuery(ordersQuery(deviceId))
  const narrow = useNarrow()
  const { open } = useSearch({ from: '/inside/devices/$deviceId/orders' })
  const navigate = useNavigate({ from: '/devices/$deviceId/orders' })
  const setOpen = (id: string | undefined) => void navigate({ search: { open: id }, replace: true })
  const items = orders.data?.items ?? []
  const chosen = items.find((order) => order.id === open)

  if (orders.isPending) return <Loading what="orders" />
  if (orders.isError && !orders.data) {
    return <ErrorState what="The orders could not be read" error={orders.error} kept="Orders already given go on." retry={() => void orders.refetch()} />
  }
  if (items.length === 0) {
    return <EmptyState title="No order was given to this machine">Ping it above to see the round trip and its receipt.</EmptyState>
  }
  return (
    <>
      {orders.isError && <ErrorBar what="The orders could not be read again" error={orders.error} kept="What you see may be old." />}
      <VirtualGrid
        label="Orders"
        columns={narrow ? COLUMNS.filter((c) => !c.meta?.wide) : COLUMNS}
        rows={items}
        rowId={(order) => order.id}
        selected={open}
        onOpen={(order) => setOpen(order.id)}
      />
      <SidePanel open={chosen !== undefined} title={chosen ? orderTitle(chosen.kind) : ''} onClose={() => setOpen(undefined)}>
        {chosen && (
          <div className="stack">
            <p>Asked by {chosen.requested_by}: {chosen.reason}</p>
            <OrderProgress key={chosen.id} initial={chosen} />
          </div>
        )}
      </SidePanel>
    </>
  )
}
