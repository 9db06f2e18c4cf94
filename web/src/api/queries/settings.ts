import { infiniteQueryOptions, queryOptions, useMutation, useQueryClient } from '@tanstack/react-query'
import { api, unwrap } from '../client'
import type { ChangedUser, NewToken, NewUser } from '../types'

export const usersQuery = queryOptions({
  queryKey: ['users'],
  queryFn: ({ signal }) => unwrap(api.GET('/api/v1/users', { signal })),
})
export const tokensQuery = queryOptions({
  queryKey: ['tokens'],
  queryFn: ({ signal }) => unwrap(api.GET('/api/v1/tokens', { signal })),
})
export const sessionsQuery = queryOptions({
  queryKey: ['sessions'],
  queryFn: ({ signal }) => unwrap(api.GET('/api/v1/sessions', { signal })),
})
export const enrolmentQuery = queryOptions({
  queryKey: ['enrolment-tokens'],
  queryFn: ({ signal }) => unwrap(api.GET('/api/v1/enrolment-tokens', { signal })),
})
export const auditQuery = infiniteQueryOptions({
  queryKey: ['audit'],
  queryFn: ({ pageParam, signal }) =>
    unwrap(api.GET('/api/v1/audit', { params: { query: { limit: 200, cursor: pageParam ?? undefined } }, signal })),
  initialPageParam: null as string | null,
  getNextPageParam: (last) => last.next_cursor ?? null,
  refetchOnWindowFocus: false,
})

/** A mutation that reads the named list again when it is done. */
function useChange<In, Out>(key: string, change: (input: In) => Promise<Out>) {
  const client = useQueryClient()
  return useMutation({ mutationFn: change, onSuccess: () => client.invalidateQueries({ queryKey: [key] }) })
}

export const userSessionsQuery = (id: string) =>
  queryOptions({
    queryKey: ['user-sessions', id],
    queryFn: ({ signal }) => unwrap(api.GET('/api/v1/users/{id}/sessions', { params: { path: { id } }, signal })),
  })
export const userTokensQuery = (id: string) =>
  queryOptions({
    queryKey: ['user-tokens', id],
    queryFn: ({ signal }) => unwrap(api.GET('/api/v1/users/{id}/tokens', { params: { path: { id } }, signal })),
  })

export const useAddUser = () => useChange('users', (body: NewUser) => unwrap(api.POST('/api/v1/users', { body })))
export const useChangeUser = () =>
  useChange('users', ({ id, ...body }: ChangedUser & { id: string }) =>
    unwrap(api.PUT('/api/v1/users/{id}', { params: { path: { id } }, body })),
  )
export const useAddSetupLink = () =>
  useChange('users', (id: string) => unwrap(api.POST('/api/v1/users/{id}/setup-link', { params: { path: { id } }, body: {} })))
export const useRemoveSetupLink = () =>
  useChange('users', (id: string) => unwrap(api.DELETE('/api/v1/users/{id}/setup-link', { params: { path: { id } } })))
export const useRemoveUserSession = () =>
  useChange('user-sessions', ({ id, session }: { id: string; session: string }) =>
    unwrap(api.DELETE('/api/v1/users/{id}/sessions/{session_id}', { params: { path: { id, session_id: session } } })),
  )
export const useRemoveUserSessions = () =>
  useChange('user-sessions', (id: string) => unwrap(api.DELETE('/api/v1/users/{id}/sessions', { params: { path: { id } } })))
export const useRemoveUserToken = () =>
  useChange('user-tokens', ({ id, token }: { id: string; token: string }) =>
    unwrap(api.DELETE('/api/v1/users/{id}/tokens/{token_id}', { params: { path: { id, token_id: token } } })),
  )
export const useRemoveUser = () =>
  useChange('users', (id: string) => unwrap(api.DELETE('/api/v1/users/{id}', { params: { path: { id } } })))
export const useAddToken = () =>
  useChange('tokens', (body: NewToken) => unwrap(api.POST('/api/v1/tokens', { body })))
export const useRemoveToken = () =>
  useChange('tokens', (id: string) => unwrap(api.DELETE('/api/v1/tokens/{id}', { params: { path: { id } } })))
export const useRemoveSession = () =>
  useChange('sessions', (id: string) => unwrap(api.DELETE('/api/v1/sessions/{id}', { params: { path: { id } } })))
export const useAddEnrolment = () =>
  useChange('enrolment-tokens', (body: { expires_in_hours: number; max_uses: number }) =>
    unwrap(api.POST('/api/v1/enrolment-tokens', { body })),
  )
export const useRemoveEnrolment = () =>
  useChange('enrolment-tokens', (id: string) =>
    unwrap(api.DELETE('/api/v1/enrolment-tokens/{id}', { params: { path: { id } } })),
  )
