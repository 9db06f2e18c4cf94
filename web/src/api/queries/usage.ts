import { infiniteQueryOptions, queryOptions, useMutation, useQueryClient } from '@tanstack/react-query'
import { api, unwrap } from '../client'
import type { NewSubscription, PlansChange, RateCardDraft, SubscriptionPatch, UsageAnswer } from '../types'

/** What the Usage page asks for; `to` is not itself included. */
export interface UsageAsked {
  from: string
  to: string
  by: string
  subscription?: string
  owner?: string
  plan?: string
  machine?: string
}

export const usageQuery = (asked: UsageAsked) =>
  infiniteQueryOptions({
    queryKey: ['usage', asked],
    queryFn: ({ pageParam, signal }) =>
      // The same address gives CSV to whoever asks for that.
      unwrap(api.GET('/api/v1/usage', { params: { query: { ...asked, limit: 200, cursor: pageParam ?? undefined } }, signal })) as Promise<UsageAnswer>,
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next_cursor ?? null,
  })

/** The same as a file; the browser asks for it with the session's cookie. */
export function usageCsv(asked: UsageAsked): string {
  const pairs = Object.entries({ ...asked, format: 'csv' }).filter((pair): pair is [string, string] => pair[1] !== undefined)
  return `/api/v1/usage?${new URLSearchParams(pairs).toString()}`
}

export const rateCardsQuery = queryOptions({
  queryKey: ['rate-cards'],
  queryFn: ({ signal }) => unwrap(api.GET('/api/v1/rate-cards', { signal })),
})
export const subscriptionsQuery = queryOptions({
  queryKey: ['subscriptions'],
  queryFn: ({ signal }) => unwrap(api.GET('/api/v1/subscriptions', { signal })),
  refetchInterval: 10_000,
})
export const enforcementQuery = queryOptions({
  queryKey: ['plan-enforcement'],
  queryFn: ({ signal }) => unwrap(api.GET('/api/v1/settings/plan-enforcement', { signal })),
})

/** A mutation that reads the named lists again when it is done. */
function useChange<In, Out>(keys: string[], change: (input: In) => Promise<Out>) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: change,
    onSuccess: () => Promise.all(keys.map((key) => client.invalidateQueries({ queryKey: [key] }))),
  })
}

export const useWriteRateCard = () =>
  useChange(['rate-cards', 'usage'], (body: RateCardDraft) => unwrap(api.PUT('/api/v1/rate-cards', { body })))
export const useRemoveRateCard = () =>
  useChange(['rate-cards', 'usage'], (id: string) => unwrap(api.DELETE('/api/v1/rate-cards/{id}', { params: { path: { id } } })))
export const useSwitchPlans = () =>
  useChange(['subscriptions'], ({ id, ...body }: PlansChange & { id: string }) =>
    unwrap(api.PUT('/api/v1/subscriptions/{id}/plans', { params: { path: { id } }, body })),
  )
export const useChangeSubscription = () =>
  useChange(['subscriptions'], ({ id, ...body }: SubscriptionPatch & { id: string }) =>
    unwrap(api.PATCH('/api/v1/subscriptions/{id}', { params: { path: { id } }, body })),
  )
export const useAddSubscription = () =>
  useChange(['subscriptions'], (body: NewSubscription) => unwrap(api.POST('/api/v1/subscriptions', { body })))
export const useFixSubscription = () =>
  useChange(['subscriptions'], (id: string) => unwrap(api.POST('/api/v1/subscriptions/{id}/fix', { params: { path: { id } } })))
export const useEnforce = () =>
  useChange(['plan-enforcement', 'plan-features'], (enforcement: 'on' | 'off') =>
    unwrap(api.PUT('/api/v1/settings/plan-enforcement', { body: { enforcement } })),
  )
