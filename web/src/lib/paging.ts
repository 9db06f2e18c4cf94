import { useCallback } from 'react'

/** What a list that is read page by page has; TanStack's infinite query is one. */
export interface PagedList {
  data: unknown
  isError: boolean
  error: unknown
  hasNextPage: boolean
  isFetchingNextPage: boolean
  isFetchNextPageError: boolean
  fetchNextPage: () => unknown
  refetch: () => unknown
}

/** Reads the next page when its end comes near; after a page that failed it waits for a person. */
export function useNextPage({ fetchNextPage, hasNextPage, isFetchingNextPage, isFetchNextPageError }: PagedList): () => void {
  return useCallback(() => {
    if (hasNextPage && !isFetchingNextPage && !isFetchNextPageError) void fetchNextPage()
  }, [fetchNextPage, hasNextPage, isFetchingNextPage, isFetchNextPageError])
}
