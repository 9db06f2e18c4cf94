import { infiniteQueryOptions, keepPreviousData, queryOptions, useMutation, useQueryClient } from '@tanstack/react-query'
import type { RemediationsSearch } from '../../lib/remediationSearch'
import { api, page, unwrap } from '../client'
import type { NewRemediation, Remediation, RemediationApproval, RemediationUpdate } from '../types'

const LIMIT = 200
/** What goes on by itself is read often. */
export const isMoving = (of: Pick<Remediation, 'state' | 'reason_code'>): boolean => of.state === 'running' || of.reason_code === 'rolling_back'

export const remediationsQuery = (asked: RemediationsSearch) =>
  infiniteQueryOptions({
    queryKey: ['remediations', asked],
    queryFn: ({ pageParam, signal }) =>
      page(api.GET('/api/v1/remediations', { params: { query: { ...asked, limit: LIMIT, cursor: pageParam ?? undefined } }, signal })),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next_cursor,
    placeholderData: keepPreviousData,
    refetchInterval: 15_000,
  })
export const remediationQuery = (id: string) =>
  queryOptions({
    queryKey: ['remediations', 'one', id],
    queryFn: ({ signal }) => unwrap(api.GET('/api/v1/remediations/{id}', { params: { path: { id } }, signal })),
    refetchInterval: ({ state }) => (state.data && isMoving(state.data) ? 2_000 : 15_000),
  })
export const remediationDevicesQuery = (id: string, moving: boolean) =>
  infiniteQueryOptions({
    queryKey: ['remediations', 'devices', id],
    queryFn: ({ pageParam, signal }) =>
      page(api.GET('/api/v1/remediations/{id}/devices', { params: { path: { id }, query: { limit: LIMIT, cursor: pageParam ?? undefined } }, signal })),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next_cursor,
    refetchInterval: moving ? 2_000 : 15_000,
  })
function useChange<In, Out>(change: (input: In) => Promise<Out>) {
  const client = useQueryClient()
  return useMutation({ mutationFn: change, onSuccess: () => client.invalidateQueries({ queryKey: ['remediations'] }) })
}

export const useRequestRemediation = () => useChange((body: NewRemediation) => unwrap(api.POST('/api/v1/remediations', { body })))
export const useChangeRemediation = () =>
  useChange(({ id, ...body }: RemediationUpdate & { id: string }) => unwrap(api.PATCH('/api/v1/remediations/{id}', { params: { path: { id } }, body })))
export const useApproveRemediation = () =>
  useChange(({ id, ...body }: RemediationApproval & { id: string }) => unwrap(api.POST('/api/v1/remediations/{id}/approve', { params: { path: { id } }, body })))

export type RemediationDeed = 'pause' | 'resume' | 'cancel' | 'rollback'
const path = (id: string) => ({ params: { path: { id } } })
const DEEDS: Record<RemediationDeed, (id: string) => Promise<Remediation>> = {
  pause: (id) => unwrap(api.POST('/api/v1/remediations/{id}/pause', path(id))),
  resume: (id) => unwrap(api.POST('/api/v1/remediations/{id}/resume', path(id))),
  cancel: (id) => unwrap(api.POST('/api/v1/remediations/{id}/cancel', path(id))),
  rollback: (id) => unwrap(api.POST('/api/v1/remediations/{id}/rollback', path(id))),
}
export const useRemediationDeed = () => useChange(({ id, deed }: { id: string; deed: RemediationDeed }) => DEEDS[deed](id))
