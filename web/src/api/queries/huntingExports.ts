import { infiniteQueryOptions, queryOptions, useMutation, useQueryClient } from '@tanstack/react-query'
import { api, unwrap } from '../client'
import type { ExportFormat, ScheduledExport, ScheduledExportBody } from '../types'

/** Asks for a ticket to download the whole result of a query; the query is compiled first. */
export const useMakeExport = () =>
  useMutation({ mutationFn: (body: { query: string; format: ExportFormat }) => unwrap(api.POST('/api/v1/hunting/exports', { body })) })

export const SCHEDULED = ['scheduled-exports']

export const scheduledExportsQuery = queryOptions({
  queryKey: SCHEDULED,
  queryFn: ({ signal }) => unwrap(api.GET('/api/v1/hunting/scheduled-exports', { signal })),
  refetchInterval: 30_000,
})

/** How often runs are read again while one of them goes on. */
const WATCHING_MS = 2_000

export const exportRunsQuery = (id: string) =>
  infiniteQueryOptions({
    queryKey: ['scheduled-export-runs', id],
    queryFn: ({ pageParam, signal }) =>
      unwrap(api.GET('/api/v1/hunting/scheduled-exports/{id}/runs', { params: { path: { id }, query: { limit: 50, cursor: pageParam ?? undefined } }, signal })),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next_cursor ?? null,
    refetchInterval: ({ state }) => (state.data?.pages.some((page) => page.items.some((run) => run.state === 'running')) ? WATCHING_MS : 30_000),
  })

function useChange<In, Out>(change: (input: In) => Promise<Out>) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: change,
    onSuccess: () => Promise.all([SCHEDULED, ['scheduled-export-runs']].map((queryKey) => client.invalidateQueries({ queryKey }))),
  })
}

export const useSaveScheduled = () =>
  useChange(({ id, ...body }: ScheduledExportBody & { id?: string }): Promise<ScheduledExport> =>
    id
      ? unwrap(api.PUT('/api/v1/hunting/scheduled-exports/{id}', { params: { path: { id } }, body }))
      : unwrap(api.POST('/api/v1/hunting/scheduled-exports', { body })),
  )
export const useRemoveScheduled = () =>
  useChange((id: string) => unwrap(api.DELETE('/api/v1/hunting/scheduled-exports/{id}', { params: { path: { id } } })))
export const useRunScheduled = () =>
  useChange((id: string) => unwrap(api.POST('/api/v1/hunting/scheduled-exports/{id}/runs', { params: { path: { id } } })))
