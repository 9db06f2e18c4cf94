import { queryOptions, useMutation, useQueryClient } from '@tanstack/react-query'
import { api, unwrap } from '../client'

export const uploadsQuery = queryOptions({
  queryKey: ['hunting-uploads'],
  queryFn: ({ signal }) => unwrap(api.GET('/api/v1/hunting/uploads', { signal })),
})

function useChange<In, Out>(change: (input: In) => Promise<Out>) {
  const client = useQueryClient()
  return useMutation({ mutationFn: change, onSuccess: () => client.invalidateQueries({ queryKey: uploadsQuery.queryKey }) })
}

/** Sends a file as it is; the browser reads it while it goes. */
export const useUpload = () =>
  useChange(({ name, file, replace }: { name: string; file: File; replace: boolean }) =>
    unwrap(
      api.POST('/api/v1/hunting/uploads', {
        params: { query: { name, replace } },
        headers: { 'Content-Type': 'application/octet-stream' },
        // The contract's bytes are a file here.
        body: file as unknown as number[],
        bodySerializer: (body) => body as unknown as File,
      }),
    ),
  )
export const useRemoveUpload = () =>
  useChange((name: string) => unwrap(api.DELETE('/api/v1/hunting/uploads/{name}', { params: { path: { name } } })))
