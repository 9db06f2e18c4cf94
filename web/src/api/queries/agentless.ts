import { queryOptions, useMutation, useQueryClient } from '@tanstack/react-query'
import { api, unwrap } from '../client'

const MOVING = new Set(['queued', 'running'])
const at = (id: string) => ({ path: { id } })

export const subscriptionAgentlessQuery = (id: string) =>
  queryOptions({
    queryKey: ['agentless', 'subscription', id],
    queryFn: ({ signal }) => unwrap(api.GET('/api/v1/subscriptions/{id}/agentless', { params: at(id), signal })),
    refetchInterval: 10_000,
  })
export const machineAgentlessQuery = (id: string) =>
  queryOptions({
    queryKey: ['agentless', 'machine', id],
    queryFn: ({ signal }) => unwrap(api.GET('/api/v1/machines/{id}/agentless', { params: at(id), signal })),
    refetchInterval: ({ state }) => (state.data && MOVING.has(state.data.state) ? 2_000 : 10_000),
  })

function useChange<In, Out>(change: (input: In) => Promise<Out>) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: change,
    onSuccess: () => Promise.all(['agentless', 'machines'].map((key) => client.invalidateQueries({ queryKey: [key] }))),
  })
}
export const useSubscriptionAgentless = () =>
  useChange(({ id, ...body }: { id: string; on: boolean; hours?: number; reason?: string }) =>
    unwrap(api.PUT('/api/v1/subscriptions/{id}/agentless', { params: at(id), body })),
  )
export const useMachineAgentless = () =>
  useChange(({ id, ...body }: { id: string; setting: 'inherit' | 'on' | 'off'; reason?: string }) =>
    unwrap(api.PUT('/api/v1/machines/{id}/agentless', { params: at(id), body })),
  )
export const useAgentlessScan = () =>
  useChange((id: string) => unwrap(api.POST('/api/v1/machines/{id}/agentless/scan', { params: at(id), body: {} })))
