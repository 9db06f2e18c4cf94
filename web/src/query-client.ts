import { MutationCache, QueryCache, QueryClient } from '@tanstack/react-query'
import { ApiError } from './api/errors'

let onSignedOut: () => void = () => {}
/** What happens when the server no longer knows this session. */
export function whenSignedOut(action: () => void): void {
  onSignedOut = action
}

const watch = (error: unknown) => {
  if (error instanceof ApiError && error.status === 401) onSignedOut()
}

export const queryClient = new QueryClient({
  queryCache: new QueryCache({ onError: watch }),
  mutationCache: new MutationCache({ onError: watch }),
  defaultOptions: {
    queries: {
      staleTime: 5_000,
      // Only a server that did not answer may answer the next time.
      retry: (count, error) => count < 2 && !(error instanceof ApiError),
    },
  },
})
