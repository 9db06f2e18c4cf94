import { infiniteQueryOptions, keepPreviousData, queryOptions, useMutation, useQueryClient } from '@tanstack/react-query'
import type { EventsSearch } from '../../lib/notificationSearch'
import { api, page, unwrap } from '../client'
import type { NewWebhookBody, NotificationRuleBody, WebhookPatch } from '../types'

const LIMIT = 200

const paged = {
  initialPageParam: null as string | null,
  placeholderData: keepPreviousData,
}

export const eventsQuery = (asked: Omit<EventsSearch, 'panel'>) =>
  infiniteQueryOptions({
    ...paged,
    queryKey: ['vulnerability-events', asked],
    queryFn: ({ pageParam, signal }) =>
      page(api.GET('/api/v1/vulnerability-events', { params: { query: { ...asked, limit: LIMIT, cursor: pageParam ?? undefined } }, signal })),
    getNextPageParam: (last) => last.next_cursor,
    refetchInterval: 60_000,
  })

export const webhooksQuery = queryOptions({
  queryKey: ['notifications', 'webhooks'],
  queryFn: ({ signal }) => unwrap(api.GET('/api/v1/webhooks', { signal })),
  refetchInterval: 15_000,
})
export const rulesQuery = queryOptions({
  queryKey: ['notifications', 'rules'],
  queryFn: ({ signal }) => unwrap(api.GET('/api/v1/notification-rules', { signal })),
  refetchInterval: 30_000,
})

export interface DeliveriesAsked {
  state?: string
  webhook?: string
  rule?: string
  subject?: string
}
export const deliveriesQuery = (asked: DeliveriesAsked) =>
  infiniteQueryOptions({
    ...paged,
    queryKey: ['notifications', 'deliveries', asked],
    queryFn: ({ pageParam, signal }) =>
      page(api.GET('/api/v1/notification-deliveries', { params: { query: { ...asked, limit: LIMIT, cursor: pageParam ?? undefined } }, signal })),
    getNextPageParam: (last) => last.next_cursor,
    refetchInterval: 5_000,
  })
const OPEN = new Set(['queued', 'sending', 'retrying'])
export const deliveryQuery = (id: string) =>
  queryOptions({
    queryKey: ['notifications', 'delivery', id],
    queryFn: ({ signal }) => unwrap(api.GET('/api/v1/notification-deliveries/{id}', { params: { path: { id } }, signal })),
    refetchInterval: ({ state }) => (!state.data || OPEN.has(state.data.state) ? 1_000 : false),
  })

function useChange<In, Out>(change: (input: In) => Promise<Out>) {
  const client = useQueryClient()
  return useMutation({ mutationFn: change, onSuccess: () => client.invalidateQueries({ queryKey: ['notifications'] }) })
}
const of = (id: string) => ({ path: { id } })

export const useAddWebhook = () => useChange((body: NewWebhookBody) => unwrap(api.POST('/api/v1/webhooks', { body })))
export const useChangeWebhook = () =>
  useChange(({ id, ...body }: WebhookPatch & { id: string }) => unwrap(api.PATCH('/api/v1/webhooks/{id}', { params: of(id), body })))
export const useRemoveWebhook = () => useChange((id: string) => unwrap(api.DELETE('/api/v1/webhooks/{id}', { params: of(id) })))
export const useTestWebhook = () => useChange((id: string) => unwrap(api.POST('/api/v1/webhooks/{id}/test', { params: of(id) })))

export const useAddRule = () => useChange((body: NotificationRuleBody) => unwrap(api.POST('/api/v1/notification-rules', { body })))
export const useChangeRule = () =>
  useChange(({ id, ...body }: NotificationRuleBody & { id: string }) => unwrap(api.PUT('/api/v1/notification-rules/{id}', { params: of(id), body })))
export const useRemoveRule = () => useChange((id: string) => unwrap(api.DELETE('/api/v1/notification-rules/{id}', { params: of(id) })))
export const useTestRule = () => useChange((id: string) => unwrap(api.POST('/api/v1/notification-rules/{id}/test', { params: of(id) })))
export const useRetryDelivery = () =>
  useChange((id: string) => unwrap(api.POST('/api/v1/notification-deliveries/{id}/retry', { params: of(id) })))
