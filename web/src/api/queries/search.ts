import { keepPreviousData, queryOptions } from '@tanstack/react-query'
import { api, unwrap } from '../client'

/** What is found while somebody types. */
const QUICK = 'devices,machines'
/** Everything but events, which take longer. */
const NAMED = 'devices,machines,subscriptions,connectors,device_groups,people,findings,vulnerabilities,software,recommendations'

const search = (q: string, parts: string, limit: number, days?: number) =>
  queryOptions({
    queryKey: ['search', q, parts, limit, days],
    queryFn: ({ signal }) => unwrap(api.GET('/api/v1/search', { params: { query: { q, parts, limit, days } }, signal })),
    enabled: q.trim() !== '',
    staleTime: 10_000,
    retry: false,
    refetchOnWindowFocus: false,
  })

/** Devices and machines, for the list under the box; the last one stays until the next is there. */
export const quickSearchQuery = (q: string) => ({ ...search(q.trim(), QUICK, 6), placeholderData: keepPreviousData })
export const namedSearchQuery = (q: string) => search(q.trim(), NAMED, 20)
export const eventSearchQuery = (q: string, days: number) => search(q.trim(), 'events', 20, days)
