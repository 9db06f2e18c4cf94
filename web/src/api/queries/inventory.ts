import { infiniteQueryOptions, keepPreviousData } from '@tanstack/react-query'
import { api, page, unwrap } from '../client'

const LIMIT = 200

export interface InventoryAsked {
  search?: string
  device?: string
}

const paged = {
  initialPageParam: null as string | null,
  placeholderData: keepPreviousData,
  refetchInterval: 60_000,
}

export const sharesQuery = (asked: InventoryAsked) =>
  infiniteQueryOptions({
    ...paged,
    queryKey: ['inventory', 'shares', asked],
    queryFn: ({ pageParam, signal }) =>
      page(api.GET('/api/v1/network-shares', { params: { query: { ...asked, limit: LIMIT, cursor: pageParam ?? undefined } }, signal })),
    getNextPageParam: (last) => last.next_cursor,
  })
export const hardwareQuery = (asked: InventoryAsked) =>
  infiniteQueryOptions({
    ...paged,
    queryKey: ['inventory', 'hardware', asked],
    queryFn: ({ pageParam, signal }) =>
      page(api.GET('/api/v1/hardware', { params: { query: { ...asked, limit: LIMIT, cursor: pageParam ?? undefined } }, signal })),
    getNextPageParam: (last) => last.next_cursor,
  })
export const extensionsQuery = (asked: InventoryAsked) =>
  infiniteQueryOptions({
    ...paged,
    queryKey: ['inventory', 'extensions', asked],
    queryFn: ({ pageParam, signal }) =>
      page(api.GET('/api/v1/browser-extensions', { params: { query: { ...asked, limit: LIMIT, cursor: pageParam ?? undefined } }, signal })),
    getNextPageParam: (last) => last.next_cursor,
  })

export const exceptionPage = (asked: { active?: boolean }, limit: number, cursor?: string, signal?: AbortSignal) =>
  unwrap(api.GET('/api/v1/vulnerability-exceptions', { params: { query: { ...asked, limit, cursor } }, signal }))
export const exceptionListQuery = (asked: { active?: boolean }) =>
  infiniteQueryOptions({
    ...paged,
    queryKey: ['vulnerabilities', 'exception-list', asked],
    queryFn: ({ pageParam, signal }) => exceptionPage(asked, LIMIT, pageParam ?? undefined, signal),
    getNextPageParam: (last) => last.next_cursor,
  })
