import { infiniteQueryOptions, keepPreviousData, queryOptions, useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { api, unwrap } from '../client'
import type { DeviceGroup, DeviceRule, NewDeviceGroup } from '../types'

export const groupsQuery = queryOptions({
  queryKey: ['device-groups'],
  queryFn: ({ signal }) => unwrap(api.GET('/api/v1/device-groups', { signal })),
})

/** The device groups by identifier, for whoever names them. */
export function useGroupNames(): (id: string) => string {
  const groups = useQuery(groupsQuery).data?.items
  return (id) => groups?.find((group) => group.id === id)?.name ?? id
}

/** What a rule would match, and the difference to the group as it is saved. */
export const previewQuery = (rule: DeviceRule, group: string | undefined) =>
  infiniteQueryOptions({
    queryKey: ['device-group-preview', group, JSON.stringify(rule)],
    queryFn: ({ pageParam, signal }) =>
      unwrap(api.POST('/api/v1/device-groups/preview', { body: { rule, group_id: group, limit: 50, cursor: pageParam ?? undefined }, signal })),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next_cursor ?? null,
    placeholderData: keepPreviousData,
    retry: false,
    refetchOnWindowFocus: false,
  })

function useChange<In, Out>(change: (input: In) => Promise<Out>) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: change,
    // Devices show their groups; a preview compares with what is saved.
    onSuccess: () => Promise.all(['device-groups', 'devices', 'device', 'device-group-preview'].map((key) => client.invalidateQueries({ queryKey: [key] }))),
  })
}

export const useSaveGroup = () =>
  useChange(({ id, ...body }: NewDeviceGroup & { id?: string }) =>
    id
      ? unwrap(api.PUT('/api/v1/device-groups/{id}', { params: { path: { id } }, body }))
      : unwrap(api.POST('/api/v1/device-groups', { body })),
  )
export const useMoveGroup = () =>
  useChange(({ group, rank }: { group: DeviceGroup; rank: number }) => {
    const { id, name, description, rule, criticality, automation } = group
    return unwrap(api.PUT('/api/v1/device-groups/{id}', { params: { path: { id } }, body: { name, description, rule, criticality, automation, rank } }))
  })
export const useRemoveGroup = () =>
  useChange((id: string) => unwrap(api.DELETE('/api/v1/device-groups/{id}', { params: { path: { id } } })))
export const useTagDevice = () =>
  useChange(({ id, tags }: { id: string; tags: string[] }) =>
    unwrap(api.PUT('/api/v1/devices/{id}/tags', { params: { path: { id } }, body: { tags } })),
  )
