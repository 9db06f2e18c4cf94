import { infiniteQueryOptions, queryOptions, useMutation, useQueryClient } from '@tanstack/react-query'
import { api, unwrap } from '../client'

export const HISTORY = ['hunting-history']

/** What the caller ran, newest first, on whichever browser. */
export const historyQuery = infiniteQueryOptions({
  queryKey: HISTORY,
  queryFn: ({ pageParam, signal }) => unwrap(api.GET('/api/v1/hunting/history', { params: { query: { limit: 50, cursor: pageParam ?? undefined } }, signal })),
  initialPageParam: null as string | null,
  getNextPageParam: (last) => last.next_cursor ?? null,
  refetchOnWindowFocus: false,
})

export function useForgetHistory() {
  const client = useQueryClient()
  return useMutation({
    mutationFn: () => unwrap(api.DELETE('/api/v1/hunting/history', {})),
    onSuccess: () => client.resetQueries({ queryKey: HISTORY }),
  })
}

/** A query under a short name; the same text has the same one. */
export const linkQuery = (id: string | undefined) =>
  queryOptions({
    queryKey: ['hunting-link', id],
    queryFn: ({ signal }) => unwrap(api.GET('/api/v1/hunting/links/{id}', { params: { path: { id: id! } }, signal })),
    enabled: id !== undefined,
    staleTime: Infinity,
    retry: false,
  })

export const useMakeLink = () =>
  useMutation({ mutationFn: (body: { query: string; deadline_s?: number }) => unwrap(api.POST('/api/v1/hunting/links', { body })) })
