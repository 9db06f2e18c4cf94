import { useEffect, useState, useSyncExternalStore } from 'react'

/** True once `active` has held for `ms`: short waits show nothing. */
export function useDelayed(active: boolean, ms: number): boolean {
  const [late, setLate] = useState(false)
  useEffect(() => {
    setLate(false)
    if (!active) return
    const timer = setTimeout(() => setLate(true), ms)
    return () => clearTimeout(timer)
  }, [active, ms])
  return active && late
}

/** A value that follows `value` after it rested for `ms`. */
export function useDebounced<T>(value: T, ms: number): T {
  const [rested, setRested] = useState(value)
  useEffect(() => {
    const timer = setTimeout(() => setRested(value), ms)
    return () => clearTimeout(timer)
  }, [value, ms])
  return rested
}

let now = new Date()
const clocks = new Set<() => void>()
let ticking: ReturnType<typeof setInterval> | undefined

/** One shared clock of ten seconds for all relative ages on a page. */
export function useNow(): Date {
  return useSyncExternalStore(
    (listener) => {
      clocks.add(listener)
      ticking ??= setInterval(() => {
        now = new Date()
        clocks.forEach((tick) => tick())
      }, 10_000)
      return () => {
        clocks.delete(listener)
        if (clocks.size === 0) {
          clearInterval(ticking)
          ticking = undefined
        }
      }
    },
    () => now,
  )
}

const queries = new Map<string, MediaQueryList>()
function media(query: string): MediaQueryList {
  const known = queries.get(query) ?? window.matchMedia(query)
  queries.set(query, known)
  return known
}

export function useMedia(query: string): boolean {
  return useSyncExternalStore(
    (listener) => {
      const list = media(query)
      list.addEventListener('change', listener)
      return () => list.removeEventListener('change', listener)
    },
    () => media(query).matches,
  )
}

/** A phone: reading, acknowledging; the rest is desktop. */
export const useNarrow = (): boolean => useMedia('(max-width: 640px)')

export function useTitle(title: string): void {
  useEffect(() => {
    document.title = `${title} · Palisade`
  }, [title])
}
