import { queryOptions } from '@tanstack/react-query'
import { api, unwrap } from '../client'

export const huntingSchemaQuery = queryOptions({
  queryKey: ['hunting-schema'],
  queryFn: ({ signal }) => unwrap(api.GET('/api/v1/hunting/schema', { signal })),
  // Tables stay as they are; others of the tenant may have made functions.
  staleTime: 5 * 60_000,
})

export const validateQuery = (query: string) =>
  queryOptions({
    queryKey: ['validate', query],
    queryFn: ({ signal }) => unwrap(api.POST('/api/v1/hunting/validate', { body: { query }, signal })),
    enabled: query.trim() !== '',
    staleTime: Infinity,
    gcTime: 60_000,
    retry: false,
  })

export const ROW_CAP = 30_000

export interface RunRequest {
  id: string
  /** What runs. */
  query: string
  /** The whole text that it was run from: a run may be of a selection. */
  whole: string
  deadlineMs: number
}

/** The last run; it goes with the other answers when somebody signs in. */
export const LAST_RUN = ['hunting-last-run']
export const RUN_KEPT_MS = 10 * 60_000

/** One run has one key, so that leaving and coming back shows the same rows without a second run. */
export const runQuery = (request: RunRequest | undefined) =>
  queryOptions({
    queryKey: ['hunting-run', request?.id],
    queryFn: ({ signal }) =>
      unwrap(
        api.POST('/api/v1/hunting/query', {
          body: { query: request!.query, row_cap: ROW_CAP, deadline_ms: request!.deadlineMs, query_id: request!.id },
          signal,
        }),
      ),
    enabled: request !== undefined,
    staleTime: Infinity,
    gcTime: RUN_KEPT_MS,
    retry: false,
    refetchOnWindowFocus: false,
    refetchOnReconnect: false,
  })

/** Ends a running query on the server; a query that already ended is no error. */
export async function cancelRun(id: string): Promise<void> {
  await api.DELETE('/api/v1/hunting/query/{query_id}', { params: { path: { query_id: id } } })
}
