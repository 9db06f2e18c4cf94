import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query'
import { api, unwrap } from '../client'

export interface MachinesAsked {
  search?: string
  status?: string
  finding?: string
  kind?: string
  subscription?: string
  connector?: string
  agentless?: string
  gone?: boolean
  sort?: string
  order?: string
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
