import { queryOptions, useMutation, useQueryClient } from '@tanstack/react-query'
import { api, unwrap } from '../client'
import { everyPage } from './everyPage'

/** The caller's own saved queries and those that others share. */
export const savedQueriesQuery = queryOptions({
  queryKey: ['saved-queries'],
  queryFn: ({ signal }) => everyPage((cursor) => unwrap(api.GET('/api/v1/hunting/saved-queries', { params: { query: { limit: 1000, cursor } }, signal }))),
})

export const savedQuery = (id: string) =>
  queryOptions({
    queryKey: ['saved-query', id],
    queryFn: ({ signal }) => unwrap(api.GET('/api/v1/hunting/saved-queries/{id}', { params: { path: { id } }, signal })),
    retry: false,
    refetchOnWindowFocus: false,
  })

export interface SavedDraft {
  /** Absent for a new one. */
  id?: string
  name: string
  folder: string
  description: string
  query: string
  shared: boolean
  revision?: number
}

function useChange<In, Out>(keys: string[], change: (input: In) => Promise<Out>) {
  const client = useQueryClient()
  return useMutation({ mutationFn: change, onSuccess: () => Promise.all(keys.map((key) => client.invalidateQueries({ queryKey: [key] }))) })
}

export const useSaveQuery = () =>
  // Without its revision a change is refused as one of an old state.
  useChange(['saved-queries', 'saved-query'], ({ id, revision, ...body }: SavedDraft) =>
    id
      ? unwrap(api.PUT('/api/v1/hunting/saved-queries/{id}', { params: { path: { id } }, body: { ...body, revision: revision ?? 0 } }))
      : unwrap(api.POST('/api/v1/hunting/saved-queries', { body })),
  )
/** The list alone is read again: what is gone would be answered as an error. */
export const useRemoveSavedQuery = () =>
  useChange(['saved-queries'], (id: string) => unwrap(api.DELETE('/api/v1/hunting/saved-queries/{id}', { params: { path: { id } } })))
