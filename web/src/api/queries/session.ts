import { queryOptions, useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { api, unwrap } from '../client'

export const sessionQuery = queryOptions({
  queryKey: ['session'],
  queryFn: ({ signal }) => unwrap(api.GET('/api/v1/session', { signal })),
  staleTime: 60_000,
  retry: false,
})

export const instanceQuery = queryOptions({
  queryKey: ['instance'],
  queryFn: ({ signal }) => unwrap(api.GET('/api/v1/instance', { signal })),
  refetchInterval: 60_000,
})

export const useSession = () => useQuery(sessionQuery)
/** Whether this session holds a permission, by the name that the contract gives it. */
export const useMay = (permission: string): boolean => useSession().data?.permissions.includes(permission) ?? false
export const useInstance = () => useQuery(instanceQuery)

export function useSignIn() {
  const client = useQueryClient()
  return useMutation({
    mutationFn: (body: { email: string; password: string; code?: string }) => unwrap(api.POST('/api/v1/session', { body })),
    // Nothing of an earlier account stays readable.
    onSuccess: () => client.clear(),
  })
}

export function useSignOut() {
  return useMutation({ mutationFn: () => unwrap(api.DELETE('/api/v1/session', {})) })
}

export const setupQuery = (token: string) =>
  queryOptions({
    queryKey: ['setup', token],
    queryFn: ({ signal }) => unwrap(api.GET('/api/v1/setup', { params: { query: { token } }, signal })),
    retry: false,
    // The link is used up by the form; asking again would take the page away.
    staleTime: Infinity,
  })

export function useSetup() {
  return useMutation({
    mutationFn: (body: { token: string; email: string; name: string; password: string }) =>
      unwrap(api.POST('/api/v1/setup', { body })),
  })
}

export function useSetupConfirm() {
  const client = useQueryClient()
  return useMutation({
    mutationFn: (body: { setup_session: string; code?: string }) => unwrap(api.POST('/api/v1/setup/confirm', { body })),
    // Whoever was signed in here before, nothing of theirs stays readable.
    onSuccess: () => client.clear(),
  })
}
