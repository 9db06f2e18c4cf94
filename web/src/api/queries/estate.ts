import { infiniteQueryOptions, queryOptions, useMutation, useQueryClient } from '@tanstack/react-query'
import { api, unwrap } from '../client'

export interface MachinesAsked {
  search?: string
  status?: string
  finding?: string
}

export const machinesQuery = (asked: MachinesAsked) =>
  infiniteQueryOptions({
    queryKey: ['machines', asked],
    queryFn: ({ pageParam, signal }) =>
      unwrap(api.GET('/api/v1/machines', { params: { query: { ...asked, limit: 200, cursor: pageParam ?? undefined } }, signal })),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next_cursor ?? null,
    refetchInterval: 10_000,
  })
export const machineQuery = (id: string) =>
  queryOptions({
    queryKey: ['machines', id],
    queryFn: ({ signal }) => unwrap(api.GET('/api/v1/machines/{id}', { params: { path: { id } }, signal })),
    refetchInterval: 5_000,
  })
export const machineHealthQuery = (id: string) =>
  queryOptions({
    queryKey: ['machines', id, 'health'],
    queryFn: ({ signal }) => unwrap(api.GET('/api/v1/machines/{id}/health', { params: { path: { id } }, signal })),
    refetchInterval: 5_000,
  })
export const machineTasksQuery = (id: string) =>
  queryOptions({
    queryKey: ['machines', id, 'tasks'],
    queryFn: ({ signal }) => unwrap(api.GET('/api/v1/machines/{id}/tasks', { params: { path: { id } }, signal })),
    refetchInterval: 5_000,
  })
export const healthSummaryQuery = queryOptions({
  queryKey: ['health-summary'],
  queryFn: ({ signal }) => unwrap(api.GET('/api/v1/health/summary', { signal })),
  refetchInterval: 10_000,
})
export const exploreSchemaQuery = queryOptions({
  queryKey: ['explore-schema'],
  queryFn: ({ signal }) => unwrap(api.GET('/api/v1/explore/schema', { signal })),
  staleTime: Infinity,
})
export const exploreQuery = (link: string) =>
  infiniteQueryOptions({
    queryKey: ['explore', link],
    queryFn: ({ pageParam, signal }) =>
      unwrap(api.POST('/api/v1/explore', { body: { link, limit: 100, after: pageParam ?? undefined }, signal })),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next ?? null,
    retry: false,
  })

/** Has the server read a query's document and name it as a link. */
export const useExploreLink = () =>
  useMutation({
    mutationFn: async (query: unknown) => (await unwrap(api.POST('/api/v1/explore', { body: { query, limit: 1 } }))).link,
  })

export const useFixMachine = () => {
  const client = useQueryClient()
  return useMutation({
    mutationFn: (id: string) => unwrap(api.POST('/api/v1/machines/{id}/fix', { params: { path: { id } } })),
    onSuccess: () => client.invalidateQueries({ queryKey: ['machines'] }),
  })
}
