import { queryOptions, useMutation, useQueryClient } from '@tanstack/react-query'
import { api, unwrap } from '../client'
import type { HealthThresholds } from '../types'

export const healthSummaryQuery = queryOptions({
  queryKey: ['health-summary'],
  queryFn: ({ signal }) => unwrap(api.GET('/api/v1/health/summary', { signal })),
  refetchInterval: 10_000,
})
export const healthTrendQuery = (hours: number) =>
  queryOptions({
    queryKey: ['health-trend', hours],
    queryFn: ({ signal }) => unwrap(api.GET('/api/v1/health/trend', { params: { query: { hours } }, signal })),
    refetchInterval: 60_000,
  })
/** Which machines have a finding now. */
export const findingsQuery = (code: string) =>
  queryOptions({
    queryKey: ['health-findings', code],
    queryFn: ({ signal }) => unwrap(api.GET('/api/v1/health/findings', { params: { query: { code, limit: 200 } }, signal })),
    refetchInterval: 10_000,
  })
export const thresholdsQuery = queryOptions({
  queryKey: ['health-thresholds'],
  queryFn: ({ signal }) => unwrap(api.GET('/api/v1/settings/health-thresholds', { signal })),
})
export function useSetThresholds() {
  const client = useQueryClient()
  return useMutation({
    mutationFn: (body: HealthThresholds) => unwrap(api.PUT('/api/v1/settings/health-thresholds', { body })),
    onSuccess: (set) => client.setQueryData(thresholdsQuery.queryKey, set),
  })
}
