import { useSyncExternalStore } from 'react'

const KEY = 'palisade.hunting.recent'
const MOST = 20
const LONGEST = 20_000

export interface Recent {
  query: string
  at: string
}

const listeners = new Set<() => void>()
let recent: Recent[] = read()

function read(): Recent[] {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(KEY) ?? '[]')
    if (!Array.isArray(kept)) return []
    return kept.filter((r): r is Recent => typeof r?.query === 'string' && typeof r?.at === 'string').slice(0, MOST)
  } catch {
    return []
  }
}

function write(next: Recent[]): void {
  recent = next
  try {
    localStorage.setItem(KEY, JSON.stringify(next))
  } catch {
    // Full or forbidden storage: the list lives until the page closes.
  }
  listeners.forEach((listener) => listener())
}

/** Keeps a query that was run, newest first, each text once, in this browser only. */
export function remember(query: string): void {
  const text = query.trim()
  if (!text || text.length > LONGEST) return
  write([{ query: text, at: new Date().toISOString() }, ...recent.filter((r) => r.query !== text)].slice(0, MOST))
}

export const forgetAll = (): void => write([])

export const useRecent = (): Recent[] =>
  useSyncExternalStore(
    (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    () => recent,
  )
