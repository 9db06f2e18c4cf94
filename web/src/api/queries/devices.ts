import { infiniteQueryOptions, keepPreviousData, queryOptions } from '@tanstack/react-query'
import type { DevicesSearch } from '../../lib/search'
import { api, unwrap } from '../client'

export const PAGE = 200

export const devicesQuery = (search: DevicesSearch) => {
  const { search: words, health, os, group, onboarding, sort, order } = search
  const query = { search: words, health, os, group, onboarding, sort, order }
  return infiniteQueryOptions({
    queryKey: ['devices', query],
    queryFn: ({ pageParam, signal }) =>
      unwrap(
        api.GET('/api/v1/devices', {
          params: { query: { ...query, limit: PAGE, cursor: pageParam ?? undefined } },
          signal,
        }),
      ),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next_cursor ?? null,
    placeholderData: keepPreviousData,
    // Every page is read anew: a long list less often, and not on each return to the window.
    refetchInterval: (list) => 30_000 * Math.max(1, list.state.data?.pages.length ?? 1),
    refetchOnWindowFocus: (list) => (list.state.data?.pages.length ?? 1) === 1,
  })
}

export const deviceQuery = (id: string) =>
  queryOptions({
    queryKey: ['device', id],
    queryFn: ({ signal }) => unwrap(api.GET('/api/v1/devices/{id}', { params: { path: { id } }, signal })),
    refetchInterval: 10_000,
  })

export interface TimelineFilter {
  from?: string
  to?: string
  tables?: string
  search?: string
}

export const timelineQuery = (id: string, filter: TimelineFilter) =>
  infiniteQueryOptions({
    queryKey: ['timeline', id, filter],
    queryFn: ({ pageParam, signal }) =>
      unwrap(
        api.GET('/api/v1/devices/{id}/timeline', {
          params: { path: { id }, query: { ...filter, limit: PAGE, cursor: pageParam ?? undefined } },
          signal,
        }),
      ),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next_cursor ?? null,
    placeholderData: keepPreviousData,
    // “Read again” does it: each page is a query over every table.
    refetchOnWindowFocus: false,
  })

export const processTreeQuery = (id: string, process: string, at?: string) =>
  queryOptions({
    queryKey: ['process-tree', id, process, at],
    queryFn: ({ signal }) =>
      unwrap(
        api.GET('/api/v1/devices/{id}/process-tree', {
          params: { path: { id }, query: { process_unique_id: process, timestamp: at } },
          signal,
        }),
      ),
    enabled: process !== '',
  })
