import type { VisibilityState } from '@tanstack/react-table'
import { useState } from 'react'

/** Which columns of a list are hidden, kept in this browser under the list's name. */
export function useHiddenColumns(list: string): [VisibilityState, (id: string, shown: boolean) => void] {
  const key = `palisade.columns.${list}`
  const [visibility, setVisibility] = useState<VisibilityState>(() => read(key))
  const show = (id: string, shown: boolean) => {
    const next = { ...visibility, [id]: shown }
    setVisibility(next)
    try {
      localStorage.setItem(key, JSON.stringify(next))
    } catch {
      // Without storage the choice lasts as long as the page.
    }
  }
  return [visibility, show]
}

function read(key: string): VisibilityState {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(key) ?? '{}')
    return kept && typeof kept === 'object' ? (kept as VisibilityState) : {}
  } catch {
    return {}
  }
}
