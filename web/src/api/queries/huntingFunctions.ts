import { queryOptions, useMutation, useQueryClient } from '@tanstack/react-query'
import { api, unwrap } from '../client'
import { everyPage } from './everyPage'

/** The tenant's functions, all of them. */
export const functionsQuery = queryOptions({
  queryKey: ['hunting-functions'],
  queryFn: ({ signal }) => everyPage((cursor) => unwrap(api.GET('/api/v1/hunting/functions', { params: { query: { limit: 1000, cursor } }, signal }))),
})

/** One function as it is now; read anew each time, since it is about to be changed. */
export const functionQuery = (name: string) =>
  queryOptions({
    queryKey: ['hunting-function', name],
    queryFn: ({ signal }) => unwrap(api.GET('/api/v1/hunting/functions/{name}', { params: { path: { name } }, signal })),
    staleTime: 0,
    refetchOnWindowFocus: false,
    retry: false,
  })

export interface FunctionDraft {
  name: string
  folder: string
  description: string
  parameters: string
  body: string
  /** Absent for a new one; else the one that was read. */
  revision?: number
}

/** After a change the editor completes with it, and texts that name it are checked anew. */
function useChange<In, Out>(keys: string[], change: (input: In) => Promise<Out>) {
  const client = useQueryClient()
  return useMutation({ mutationFn: change, onSuccess: () => Promise.all(keys.map((key) => client.invalidateQueries({ queryKey: [key] }))) })
}
const WHOLE = ['hunting-functions', 'hunting-schema', 'validate']

export const useSaveFunction = () =>
  useChange([...WHOLE, 'hunting-function'], ({ name, ...body }: FunctionDraft) => unwrap(api.PUT('/api/v1/hunting/functions/{name}', { params: { path: { name } }, body })))
/** The function itself is not read again: what is gone would be answered as an error. */
export const useRemoveFunction = () =>
  useChange(WHOLE, (name: string) => unwrap(api.DELETE('/api/v1/hunting/functions/{name}', { params: { path: { name } } })))
