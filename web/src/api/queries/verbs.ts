import { useMutation, useQueryClient } from '@tanstack/react-query'
import type { VerbKey } from '../../pages/machines/verbs'
import { api, unwrap } from '../client'

/** What is done about a machine; whatever shows machines is read again after it. */
function useVerb<In>(deed: (input: In) => Promise<unknown>) {
  const client = useQueryClient()
  const changed = ['machines', 'health-summary', 'subscriptions']
  return useMutation({
    mutationFn: deed,
    onSuccess: () => Promise.all(changed.map((key) => client.invalidateQueries({ queryKey: [key] }))),
  })
}

const at = (id: string) => ({ path: { id } })

/** What each verb asks of the server; `to` is the subscription that a move goes to. */
export const VERBS: Record<VerbKey, (id: string, reason: string, to: string) => Promise<unknown>> = {
  fix: (id) => unwrap(api.POST('/api/v1/machines/{id}/fix', { params: at(id) })),
  exclude: (id, exclusion) => unwrap(api.PATCH('/api/v1/machines/{id}', { params: at(id), body: { exclusion } })),
  include: (id) => unwrap(api.PATCH('/api/v1/machines/{id}', { params: at(id), body: { exclusion: '' } })),
  move: (id, reason, subscription_id) =>
    unwrap(api.POST('/api/v1/machines/{id}/move', { params: at(id), body: { subscription_id, reason } })),
  redeploy: (id, reason) =>
    unwrap(api.DELETE('/api/v1/machines/{id}/extension', { params: { ...at(id), query: { reason } } })),
  offboard: (id, reason) => unwrap(api.POST('/api/v1/machines/{id}/offboard', { params: at(id), body: { reason } })),
  onboard: (id, reason) => unwrap(api.POST('/api/v1/machines/{id}/onboard', { params: at(id), body: { reason } })),
}

export const useMachineDeed = () => useVerb((deed: () => Promise<unknown>) => deed())
export const useMachineTags = () =>
  useVerb(({ id, tags }: { id: string; tags: Record<string, string> }) =>
    unwrap(api.PATCH('/api/v1/machines/{id}', { params: at(id), body: { tags } })),
  )
/** `servers_p1` or `off` for this machine alone; `inherit` gives it back what its subscription has. */
export const useMachinePlan = () =>
  useVerb(({ id, plan }: { id: string; plan: string }) =>
    plan === 'inherit'
      ? unwrap(api.DELETE('/api/v1/machines/{id}/plan', { params: at(id) }))
      : unwrap(api.PUT('/api/v1/machines/{id}/plan', { params: at(id), body: { plan } })),
  )
