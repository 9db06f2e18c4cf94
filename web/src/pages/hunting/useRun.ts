import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useCallback, useState } from 'react'
import { type RunRequest, cancelRun, runQuery } from '../../api/queries/hunting'

// The last run of this page, so that Back shows its rows without running again.
let kept: RunRequest | undefined

export interface Run {
  request: RunRequest | undefined
  query: ReturnType<typeof useRunQuery>
  cancelled: boolean
  start: (text: string, deadlineSeconds: number) => void
  cancel: () => void
}

const useRunQuery = (request: RunRequest | undefined) => useQuery(runQuery(request))

/** One query at a time: a new run or Cancel ends the one before, here and on the server. */
export function useRun(): Run {
  const client = useQueryClient()
  const [request, setRequest] = useState<RunRequest | undefined>(kept)
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
    (text: string, deadlineSeconds: number) => {
      if (kept) stop(kept)
      kept = { id: crypto.randomUUID(), query: text, deadlineMs: deadlineSeconds * 1000 }
      setCancelled(undefined)
      setRequest(kept)
    },
    [stop],
  )
  const cancel = useCallback(() => {
    if (!request) return
    setCancelled(request.id)
    stop(request)
  }, [request, stop])

  return { request, query, cancelled: request !== undefined && cancelled === request.id, start, cancel }
}
