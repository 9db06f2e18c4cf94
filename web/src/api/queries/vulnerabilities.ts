import { infiniteQueryOptions, queryOptions, useMutation, useQueryClient } from '@tanstack/react-query'
import type { CertificatesAsked, DeviceSoftwareSearch, DeviceVulnerabilitiesSearch, ExposedDevicesSearch, RecommendationsSearch, SoftwareSearch, WeaknessesSearch } from '../../lib/vulnerabilitySearch'
import { api, page, unwrap } from '../client'
import type { NewVulnerabilityException } from '../types'

const LIMIT = 200

const paged = {
  initialPageParam: null as string | null,
  refetchInterval: 60_000,
}

export const exposureQuery = queryOptions({
  queryKey: ['vulnerabilities', 'exposure'],
  queryFn: ({ signal }) => unwrap(api.GET('/api/v1/exposure-score', { signal })),
  refetchInterval: 30_000,
})
export const exposureHistoryQuery = (days: number) =>
  queryOptions({
    queryKey: ['vulnerabilities', 'history', days],
    queryFn: ({ signal }) => unwrap(api.GET('/api/v1/exposure-score/history', { params: { query: { days } }, signal })),
    refetchInterval: 60_000,
  })
export const mostExposedQuery = queryOptions({
  queryKey: ['vulnerabilities', 'most-exposed'],
  queryFn: ({ signal }) => page(api.GET('/api/v1/exposure-score/devices', { params: { query: { limit: 8 } }, signal })),
  refetchInterval: 60_000,
})
export const deviceExposuresQuery = (asked: ExposedDevicesSearch) =>
  infiniteQueryOptions({
    ...paged,
    queryKey: ['vulnerabilities', 'exposed-devices', asked],
    queryFn: ({ pageParam, signal }) =>
      page(api.GET('/api/v1/exposure-score/devices', { params: { query: { ...asked, limit: LIMIT, cursor: pageParam ?? undefined } }, signal })),
    getNextPageParam: (last) => last.next_cursor,
  })
export const groupExposuresQuery = queryOptions({
  queryKey: ['vulnerabilities', 'groups'],
  queryFn: ({ signal }) => unwrap(api.GET('/api/v1/exposure-score/device-groups', { signal })),
  refetchInterval: 60_000,
})
export const feedsQuery = queryOptions({
  queryKey: ['vulnerabilities', 'feeds'],
  queryFn: ({ signal }) => unwrap(api.GET('/api/v1/vulnerability-feeds', { signal })),
  refetchInterval: 30_000,
})
export const topRecommendationsQuery = queryOptions({
  queryKey: ['vulnerabilities', 'top-recommendations'],
  queryFn: ({ signal }) => page(api.GET('/api/v1/recommendations', { params: { query: { limit: 5, excepted: 'hide' } }, signal })),
  refetchInterval: 60_000,
})

export const recommendationsQuery = (asked: Omit<RecommendationsSearch, 'panel'>) =>
  infiniteQueryOptions({
    ...paged,
    queryKey: ['vulnerabilities', 'recommendations', asked],
    queryFn: ({ pageParam, signal }) =>
      page(api.GET('/api/v1/recommendations', { params: { query: { ...asked, limit: LIMIT, cursor: pageParam ?? undefined } }, signal })),
    getNextPageParam: (last) => last.next_cursor,
  })
export const recommendationQuery = (id: string) =>
  queryOptions({
    queryKey: ['vulnerabilities', 'recommendation', id],
    queryFn: ({ signal }) => unwrap(api.GET('/api/v1/recommendations/{id}', { params: { path: { id } }, signal })),
  })
export const recommendationDevicesQuery = (id: string) =>
  queryOptions({
    queryKey: ['vulnerabilities', 'recommendation-devices', id],
    queryFn: ({ signal }) => page(api.GET('/api/v1/recommendations/{id}/devices', { params: { path: { id }, query: { limit: LIMIT } }, signal })),
  })

export const weaknessesQuery = (asked: Omit<WeaknessesSearch, 'panel'>) =>
  infiniteQueryOptions({
    ...paged,
    queryKey: ['vulnerabilities', 'weaknesses', asked],
    queryFn: ({ pageParam, signal }) =>
      page(api.GET('/api/v1/vulnerabilities', { params: { query: { ...asked, limit: LIMIT, cursor: pageParam ?? undefined } }, signal })),
    getNextPageParam: (last) => last.next_cursor,
  })
export const weaknessQuery = (id: string) =>
  queryOptions({
    queryKey: ['vulnerabilities', 'weakness', id],
    queryFn: ({ signal }) => unwrap(api.GET('/api/v1/vulnerabilities/{id}', { params: { path: { id } }, signal })),
  })
export const weaknessDevicesQuery = (id: string) =>
  queryOptions({
    queryKey: ['vulnerabilities', 'weakness-devices', id],
    queryFn: ({ signal }) => page(api.GET('/api/v1/vulnerabilities/{id}/devices', { params: { path: { id }, query: { limit: LIMIT } }, signal })),
  })

export const softwareListQuery = (asked: Omit<SoftwareSearch, 'panel'>) =>
  infiniteQueryOptions({
    ...paged,
    queryKey: ['vulnerabilities', 'software', asked],
    queryFn: ({ pageParam, signal }) =>
      page(api.GET('/api/v1/software', { params: { query: { ...asked, limit: LIMIT, cursor: pageParam ?? undefined } }, signal })),
    getNextPageParam: (last) => last.next_cursor,
  })
export const softwareQuery = (id: string) =>
  queryOptions({
    queryKey: ['vulnerabilities', 'software-one', id],
    queryFn: ({ signal }) => unwrap(api.GET('/api/v1/software/{id}', { params: { path: { id } }, signal })),
  })
export const softwareDevicesQuery = (id: string) =>
  queryOptions({
    queryKey: ['vulnerabilities', 'software-devices', id],
    queryFn: ({ signal }) => page(api.GET('/api/v1/software/{id}/devices', { params: { path: { id }, query: { limit: LIMIT } }, signal })),
  })

export const certificatesQuery = (asked: CertificatesAsked) =>
  infiniteQueryOptions({
    ...paged,
    queryKey: ['vulnerabilities', 'certificates', asked],
    queryFn: ({ pageParam, signal }) =>
      page(api.GET('/api/v1/certificates', { params: { query: { ...asked, limit: LIMIT, cursor: pageParam ?? undefined } }, signal })),
    getNextPageParam: (last) => last.next_cursor,
  })

export const deviceExposureQuery = (id: string) =>
  queryOptions({
    queryKey: ['vulnerabilities', 'device', id, 'exposure'],
    queryFn: ({ signal }) => unwrap(api.GET('/api/v1/devices/{id}/exposure', { params: { path: { id } }, signal })),
    refetchInterval: 30_000,
  })
export const deviceSoftwareQuery = (id: string, asked: Omit<DeviceSoftwareSearch, 'panel'>) =>
  infiniteQueryOptions({
    ...paged,
    queryKey: ['vulnerabilities', 'device', id, 'software', asked],
    queryFn: ({ pageParam, signal }) =>
      page(api.GET('/api/v1/devices/{id}/software', { params: { path: { id }, query: { ...asked, limit: LIMIT, cursor: pageParam ?? undefined } }, signal })),
    getNextPageParam: (last) => last.next_cursor,
  })
export const deviceVulnerabilitiesQuery = (id: string, asked: Omit<DeviceVulnerabilitiesSearch, 'panel'>) =>
  infiniteQueryOptions({
    ...paged,
    queryKey: ['vulnerabilities', 'device', id, 'findings', asked],
    queryFn: ({ pageParam, signal }) =>
      page(api.GET('/api/v1/devices/{id}/vulnerabilities', { params: { path: { id }, query: { ...asked, limit: LIMIT, cursor: pageParam ?? undefined } }, signal })),
    getNextPageParam: (last) => last.next_cursor,
  })

/** Exceptions for one vulnerability or recommendation that hold now. */
export const exceptionsQuery = queryOptions({
  queryKey: ['vulnerabilities', 'exceptions'],
  queryFn: ({ signal }) => unwrap(api.GET('/api/v1/vulnerability-exceptions', { params: { query: { active: true, limit: 1000 } }, signal })),
})
export function useCreateException() {
  const client = useQueryClient()
  return useMutation({
    mutationFn: (body: NewVulnerabilityException) => unwrap(api.POST('/api/v1/vulnerability-exceptions', { body })),
    onSuccess: () => client.invalidateQueries({ queryKey: ['vulnerabilities'] }),
  })
}
export function useCancelException() {
  const client = useQueryClient()
  return useMutation({
    mutationFn: (id: string) => unwrap(api.DELETE('/api/v1/vulnerability-exceptions/{id}', { params: { path: { id } } })),
    onSuccess: () => client.invalidateQueries({ queryKey: ['vulnerabilities'] }),
  })
}
