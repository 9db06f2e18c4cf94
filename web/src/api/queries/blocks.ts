import { infiniteQueryOptions, keepPreviousData, queryOptions, useMutation, useQueryClient } from '@tanstack/react-query'
import { api, unwrap } from '../client'
import type { NewApplicationBlock } from '../types'

const LIMIT = 200

export const blockPage = (asked: { state?: string; mode?: string }, limit: number, cursor?: string, signal?: AbortSignal) =>
  unwrap(api.GET('/api/v1/application-blocks', { params: { query: { ...asked, limit, cursor } }, signal }))
export const blocksQuery = (asked: { state?: string; mode?: string }) =>
  infiniteQueryOptions({
    queryKey: ['blocks', asked],
    queryFn: ({ pageParam, signal }) => blockPage(asked, LIMIT, pageParam ?? undefined, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next_cursor,
    placeholderData: keepPreviousData,
    refetchInterval: 15_000,
  })
/** Those that hold now, for whoever looks whether something is among them. */
export const activeBlocksQuery = queryOptions({
  queryKey: ['blocks', 'active'],
  queryFn: ({ signal }) => unwrap(api.GET('/api/v1/application-blocks', { params: { query: { state: 'active', limit: 1000 } }, signal })),
})
export const blockQuery = (id: string) =>
  queryOptions({
    queryKey: ['blocks', 'one', id],
    queryFn: ({ signal }) => unwrap(api.GET('/api/v1/application-blocks/{id}', { params: { path: { id } }, signal })),
    refetchInterval: 5_000,
  })
export const blockDevicesQuery = (id: string, state: string | undefined) =>
  queryOptions({
    queryKey: ['blocks', 'devices', id, state],
    queryFn: ({ signal }) => unwrap(api.GET('/api/v1/application-blocks/{id}/devices', { params: { path: { id }, query: { state, limit: LIMIT } }, signal })),
    refetchInterval: 5_000,
  })

function useChange<In, Out>(change: (input: In) => Promise<Out>) {
  const client = useQueryClient()
  return useMutation({ mutationFn: change, onSuccess: () => client.invalidateQueries({ queryKey: ['blocks'] }) })
}
export const useCreateBlock = () => useChange((body: NewApplicationBlock) => unwrap(api.POST('/api/v1/application-blocks', { body })))
export const useBlockMode = () =>
  useChange(({ id, ...body }: { id: string; mode: 'warn' | 'block'; confirm_reason: string | null }) =>
    unwrap(api.POST('/api/v1/application-blocks/{id}/mode', { params: { path: { id } }, body })),
  )
export const useReleaseBlock = () =>
  useChange((id: string) => unwrap(api.DELETE('/api/v1/application-blocks/{id}', { params: { path: { id } } })))
