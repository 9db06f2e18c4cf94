import { queryOptions, useMutation, useQueryClient } from '@tanstack/react-query'
import { api, unwrap } from '../client'
import type { NewConnector, NewOnboarding } from '../types'

/** While a listing is under way its end is waited for closely. */
const pace = (busy: boolean | undefined) => (busy ? 1_000 : 10_000)

export const connectorsQuery = queryOptions({
  queryKey: ['connectors'],
  queryFn: ({ signal }) => unwrap(api.GET('/api/v1/connectors', { signal })),
  refetchInterval: (query) => pace(query.state.data?.items.some((c) => c.busy)),
})
export const connectorQuery = (id: string) =>
  queryOptions({
    queryKey: ['connectors', id],
    queryFn: ({ signal }) => unwrap(api.GET('/api/v1/connectors/{id}', { params: { path: { id } }, signal })),
    refetchInterval: (query) => pace(query.state.data?.busy),
  })
export const hostKeysQuery = (id: string) =>
  queryOptions({
    queryKey: ['connectors', id, 'host-keys'],
    queryFn: ({ signal }) => unwrap(api.GET('/api/v1/connectors/{id}/host-keys', { params: { path: { id } }, signal })),
    refetchInterval: 10_000,
  })
export const planQuery = (id: string) =>
  queryOptions({
    queryKey: ['connectors', id, 'plan'],
    queryFn: ({ signal }) => unwrap(api.GET('/api/v1/connectors/{id}/plan', { params: { path: { id } }, signal })),
    refetchInterval: 15_000,
  })
export const rolloutQuery = (subscription: string) =>
  queryOptions({
    queryKey: ['rollout', subscription],
    queryFn: ({ signal }) => unwrap(api.GET('/api/v1/subscriptions/{id}/rollout', { params: { path: { id: subscription } }, signal })),
    refetchInterval: 10_000,
  })

function useChange<In, Out>(change: (input: In) => Promise<Out>, keys = ['connectors']) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: change,
    onSuccess: () => Promise.all(keys.map((key) => client.invalidateQueries({ queryKey: [key] }))),
  })
}
const at = (id: string) => ({ path: { id } })

export const useAddConnector = () =>
  useChange((body: NewConnector) => unwrap(api.POST('/api/v1/connectors', { body })))
export const useChangeConnector = () =>
  useChange(({ id, ...body }: { id: string; settings?: unknown; credential?: unknown }) =>
    unwrap(api.PATCH('/api/v1/connectors/{id}', { params: at(id), body })),
  )
export const useTestConnector = () =>
  useChange((id: string) => unwrap(api.POST('/api/v1/connectors/{id}/test', { params: at(id) })))
export const useRollOut = () =>
  useChange((id: string) => unwrap(api.POST('/api/v1/connectors/{id}/rollout', { params: at(id) })), ['connectors', 'rollout'])
export const usePauseConnector = () =>
  useChange(({ id, reason }: { id: string; reason: string }) =>
    unwrap(api.POST('/api/v1/connectors/{id}/pause', { params: at(id), body: { reason } })),
  )
export const useEndConnector = () =>
  useChange(({ id, reason }: { id: string; reason: string }) =>
    unwrap(api.DELETE('/api/v1/connectors/{id}', { params: { ...at(id), query: { reason } } })),
  )
export const useConfirmKeys = () =>
  useChange(({ id, fingerprints }: { id: string; fingerprints: string[] }) =>
    unwrap(api.POST('/api/v1/connectors/{id}/host-keys', { params: at(id), body: { fingerprints } })),
  )
export const useForgetKeys = () =>
  useChange(({ id, host }: { id: string; host: string }) =>
    unwrap(api.POST('/api/v1/connectors/{id}/host-keys/forget', { params: at(id), body: { host } })),
  )
export const useResumeRollout = () =>
  useChange((id: string) => unwrap(api.POST('/api/v1/subscriptions/{id}/rollout/resume', { params: at(id) })), ['rollout'])

export const useOnboard = () =>
  useChange((body: NewOnboarding) => unwrap(api.POST('/api/v1/onboarding', { body })), ['enrolment-tokens'])
/** Where the browser gets the sensor as a package, with the session's cookie. */
export const packageUrl = (form: 'deb' | 'rpm') => `/api/v1/onboarding/package?form=${form}`
