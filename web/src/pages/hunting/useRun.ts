import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useCallback, useState } from 'react'
import { LAST_RUN, RUN_KEPT_MS, type RunRequest, cancelRun, runQuery } from '../../api/queries/hunting'

export interface Run {
  request: RunRequest | undefined
  query: ReturnType<typeof useRunQuery>
  cancelled: boolean
  start: (query: string, deadlineSeconds: number, whole?: string) => void
  cancel: () => void
}

const useRunQuery = (request: RunRequest | undefined) => useQuery(runQuery(request))

/** One query at a time: a new run or Cancel ends the one before, here and on the server. */
export function useRun(): Run {
  const client = useQueryClient()
  // Back shows the rows of the last run without running it again.
  const [request, setRequest] = useState(() => client.getQueryData<RunRequest>(LAST_RUN))
  const [cancelled, setCancelled] = useState<string>()
  const query = useRunQuery(cancelled === request?.id ? undefined : request)

  const stop = useCallback(
    (running: RunRequest) => {
      const key = runQuery(running).queryKey
      if (client.getQueryState(key)?.fetchStatus !== 'fetching') return
      void cancelRun(running.id).catch(() => undefined)
      void client.cancelQueries({ queryKey: key }, { silent: true })
    },
    [client],
  )
  const start = useCallback(
    (text: string, deadlineSeconds: number, whole = text) => {
      const before = client.getQueryData<RunRequest>(LAST_RUN)
      if (before) stop(before)
      const next: RunRequest = { id: crypto.randomUUID(), query: text, whole, deadlineMs: deadlineSeconds * 1000 }
      client.setQueryDefaults(LAST_RUN, { gcTime: RUN_KEPT_MS })
      client.setQueryData(LAST_RUN, next)
      setCancelled(undefined)
      setRequest(next)
    },
    [client, stop],
  )
  const cancel = useCallback(() => {
    if (!request) return
    setCancelled(request.id)
    stop(request)
  }, [request, stop])

  return { request, query, cancelled: request !== undefined && cancelled === request.id, start, cancel }
}
