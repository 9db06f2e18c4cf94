import { infiniteQueryOptions, keepPreviousData, queryOptions, useMutation, useQueryClient } from '@tanstack/react-query'
import type { ChecksAsked } from '../../lib/baselineSearch'
import { api, page, unwrap } from '../client'
import type { BaselineContent } from '../types'

const LIMIT = 200

const paged = {
  initialPageParam: null as string | null,
  placeholderData: keepPreviousData,
  refetchInterval: 60_000,
}

export const profilesQuery = queryOptions({
  queryKey: ['baselines', 'profiles'],
  queryFn: ({ signal }) => unwrap(api.GET('/api/v1/baseline-profiles', { signal })),
  refetchInterval: 60_000,
})
export const profileQuery = (id: string) =>
  queryOptions({
    queryKey: ['baselines', 'profile', id],
    queryFn: ({ signal }) => unwrap(api.GET('/api/v1/baseline-profiles/{id}', { params: { path: { id } }, signal })),
    refetchInterval: 30_000,
  })
export const catalogueQuery = queryOptions({
  queryKey: ['baselines', 'catalogue'],
  queryFn: ({ signal }) => unwrap(api.GET('/api/v1/baseline-checks', { signal })),
  // It comes with the server's version.
  staleTime: Infinity,
})
export const profileChecksQuery = (id: string, asked: ChecksAsked) =>
  infiniteQueryOptions({
    ...paged,
    queryKey: ['baselines', 'checks', id, asked],
    queryFn: ({ pageParam, signal }) =>
      page(api.GET('/api/v1/baseline-profiles/{id}/checks', { params: { path: { id }, query: { ...asked, limit: LIMIT, cursor: pageParam ?? undefined } }, signal })),
    getNextPageParam: (last) => last.next_cursor,
  })
/** Every check that a profile runs, with its values. */
export const allChecksQuery = (id: string) =>
  queryOptions({
    queryKey: ['baselines', 'all-checks', id],
    queryFn: ({ signal }) => page(api.GET('/api/v1/baseline-profiles/{id}/checks', { params: { path: { id }, query: { limit: 1000 } }, signal })),
  })
export const checkDevicesQuery = (id: string, check: string, state: string) =>
  queryOptions({
    queryKey: ['baselines', 'check-devices', id, check, state],
    queryFn: ({ signal }) =>
      page(api.GET('/api/v1/baseline-profiles/{id}/checks/{check}/devices', { params: { path: { id, check }, query: { state, limit: LIMIT } }, signal })),
  })
export const profileDevicesQuery = (id: string, search: string | undefined) =>
  infiniteQueryOptions({
    ...paged,
    queryKey: ['baselines', 'devices', id, search],
    queryFn: ({ pageParam, signal }) =>
      page(api.GET('/api/v1/baseline-profiles/{id}/devices', { params: { path: { id }, query: { search, limit: LIMIT, cursor: pageParam ?? undefined } }, signal })),
    getNextPageParam: (last) => last.next_cursor,
  })

export const profileHistoryQuery = (id: string, days: number) =>
  queryOptions({
    queryKey: ['baselines', 'history', id, days],
    queryFn: ({ signal }) => unwrap(api.GET('/api/v1/baseline-profiles/{id}/history', { params: { path: { id }, query: { days } }, signal })),
    refetchInterval: 60_000,
  })

export const deviceBaselinesQuery = (id: string) =>
  queryOptions({
    queryKey: ['baselines', 'of-device', id],
    queryFn: ({ signal }) => unwrap(api.GET('/api/v1/devices/{id}/baselines', { params: { path: { id } }, signal })),
    refetchInterval: 30_000,
  })
export const deviceBaselineResultsQuery = (id: string, profile: string, asked: ChecksAsked) =>
  infiniteQueryOptions({
    ...paged,
    queryKey: ['baselines', 'of-device', id, profile, asked],
    queryFn: ({ pageParam, signal }) =>
      page(api.GET('/api/v1/devices/{id}/baselines/{profile}', { params: { path: { id, profile }, query: { ...asked, limit: LIMIT, cursor: pageParam ?? undefined } }, signal })),
    getNextPageParam: (last) => last.next_cursor,
  })

export const secureScoreQuery = queryOptions({
  queryKey: ['baselines', 'secure-score'],
  queryFn: ({ signal }) => unwrap(api.GET('/api/v1/secure-score', { signal })),
  refetchInterval: 60_000,
})
export const secureScoreHistoryQuery = (days: number) =>
  queryOptions({
    queryKey: ['baselines', 'secure-score-history', days],
    queryFn: ({ signal }) => unwrap(api.GET('/api/v1/secure-score/history', { params: { query: { days } }, signal })),
    refetchInterval: 60_000,
  })
export const scoredDevicesQuery = (search: string | undefined) =>
  infiniteQueryOptions({
    ...paged,
    queryKey: ['baselines', 'scored-devices', search],
    queryFn: ({ pageParam, signal }) =>
      page(api.GET('/api/v1/secure-score/devices', { params: { query: { search, limit: LIMIT, cursor: pageParam ?? undefined } }, signal })),
    getNextPageParam: (last) => last.next_cursor,
  })
export const deviceSecureScoreQuery = (id: string) =>
  queryOptions({
    queryKey: ['baselines', 'of-device', id, 'secure-score'],
    queryFn: ({ signal }) => unwrap(api.GET('/api/v1/devices/{id}/secure-score', { params: { path: { id } }, signal })),
    refetchInterval: 60_000,
  })

function useChange<In, Out>(change: (input: In) => Promise<Out>) {
  const client = useQueryClient()
  return useMutation({ mutationFn: change, onSuccess: () => client.invalidateQueries({ queryKey: ['baselines'] }) })
}
export const useCreateProfile = () =>
  useChange((body: BaselineContent & { id: string }) => unwrap(api.POST('/api/v1/baseline-profiles', { body })))
export const useSaveProfile = () =>
  useChange(({ id, ...body }: BaselineContent & { id: string; revision?: number }) =>
    unwrap(api.PUT('/api/v1/baseline-profiles/{id}', { params: { path: { id } }, body })),
  )
export const useRemoveProfile = () =>
  useChange((id: string) => unwrap(api.DELETE('/api/v1/baseline-profiles/{id}', { params: { path: { id } } })))
export const useImportProfile = () =>
  useChange((body: { document: string; replace: boolean }) => unwrap(api.POST('/api/v1/baseline-profiles/import', { body })))
export const useAssignProfile = () =>
  useChange(({ id, ...body }: { id: string; all_devices: boolean; device_group_ids: string[] }) =>
    unwrap(api.PUT('/api/v1/baseline-profiles/{id}/assignments', { params: { path: { id } }, body })),
  )
