import { queryOptions, useMutation, useQueryClient } from '@tanstack/react-query'
import { api, unwrap } from '../client'
import type { Order, OrderKind } from '../types'

const TERMINAL = new Set(['succeeded', 'failed', 'expired'])
export const isDone = (order: Order): boolean => TERMINAL.has(order.state)

export const ordersQuery = (deviceId: string) =>
  queryOptions({
    queryKey: ['orders', deviceId],
    queryFn: ({ signal }) =>
      unwrap(api.GET('/api/v1/devices/{id}/orders', { params: { path: { id: deviceId }, query: { limit: 200 } }, signal })),
    refetchInterval: (query) => (query.state.data?.items.some((order) => !isDone(order)) ? 1000 : 15_000),
  })

export const orderQuery = (id: string) =>
  queryOptions({
    queryKey: ['order', id],
    queryFn: ({ signal }) => unwrap(api.GET('/api/v1/orders/{id}', { params: { path: { id } }, signal })),
    refetchInterval: (query) => (query.state.data && isDone(query.state.data) ? false : 400),
  })

export function useCreateOrder(deviceId: string) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: (body: { kind: OrderKind; reason: string }) =>
      unwrap(api.POST('/api/v1/devices/{id}/orders', { params: { path: { id: deviceId } }, body })),
    onSuccess: () => client.invalidateQueries({ queryKey: ['orders', deviceId] }),
  })
}
