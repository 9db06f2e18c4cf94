import { queryOptions, useMutation, useQueryClient } from '@tanstack/react-query'
import { api, unwrap } from '../client'
import type { Order, OrderKind } from '../types'

const TERMINAL = new Set(['succeeded', 'failed', 'expired'])
export const isDone = (order: Order): boolean => TERMINAL.has(order.state)

const FRESH_MS = 2 * 60_000
const isFresh = (order: Order): boolean => Math.abs(Date.now() - Date.parse(order.created_at)) < FRESH_MS
/** Looks at an order before it is asked after less often: twenty seconds. */
const QUICK_LOOKS = 50

export const ordersQuery = (deviceId: string) =>
  queryOptions({
    queryKey: ['orders', deviceId],
    queryFn: ({ signal }) =>
      unwrap(api.GET('/api/v1/devices/{id}/orders', { params: { path: { id: deviceId }, query: { limit: 200 } }, signal })),
    // Often while an order was just given; a machine that is off may leave one open for days.
    refetchInterval: (query) => (query.state.data?.items.some((order) => !isDone(order) && isFresh(order)) ? 1000 : 15_000),
  })

export const orderQuery = (id: string) =>
  queryOptions({
    queryKey: ['order', id],
    queryFn: ({ signal }) => unwrap(api.GET('/api/v1/orders/{id}', { params: { path: { id } }, signal })),
    refetchInterval: (query) => (query.state.data && isDone(query.state.data) ? false : query.state.dataUpdateCount < QUICK_LOOKS ? 400 : 3000),
  })

export function useCreateOrder(deviceId: string) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: (body: { kind: OrderKind; reason: string }) =>
      unwrap(api.POST('/api/v1/devices/{id}/orders', { params: { path: { id: deviceId } }, body })),
    onSuccess: () => client.invalidateQueries({ queryKey: ['orders', deviceId] }),
  })
}
