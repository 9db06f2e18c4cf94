import { type RefObject, useEffect, useLayoutEffect, useRef, useState, useSyncExternalStore } from 'react'

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

/**
 * The text of a search box whose value lives in the address: told after it rested, taken over when the
 * address changed by other means. An address that follows the typing never takes letters back.
 */
export function useSearchText(kept: string, tell: (text: string) => void, ms: number): [string, (text: string) => void] {
  const [text, setText] = useState(kept)
  const rested = useDebounced(text, ms)
  const told = useRef<string[]>([kept])
  const call = useRef(tell)
  call.current = tell
  useEffect(() => {
    const at = told.current.indexOf(kept)
    if (at >= 0) told.current = told.current.slice(at)
    else {
      told.current = [kept]
      setText(kept)
    }
  }, [kept])
  useEffect(() => {
    if (rested === told.current.at(-1)) return
    told.current.push(rested)
    call.current(rested)
  }, [rested])
  return [text, setText]
}

let now = new Date()
const clocks = new Set<() => void>()
let ticking: ReturnType<typeof setInterval> | undefined

function onTick(listener: () => void): () => void {
  // A clock that nobody read stood still.
  if (clocks.size === 0) now = new Date()
  clocks.add(listener)
  ticking ??= setInterval(() => {
    now = new Date()
    clocks.forEach((tick) => tick())
  }, 10_000)
  return () => {
    clocks.delete(listener)
    if (clocks.size > 0) return
    clearInterval(ticking)
    ticking = undefined
  }
}

/** One shared clock of ten seconds for all relative ages on a page. */
export const useNow = (): Date => useSyncExternalStore(onTick, () => now)

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

/** The width of an element in pixels, as it changes. */
export function useWidth<T extends Element>(before: number): [RefObject<T | null>, number] {
  const element = useRef<T>(null)
  const [width, setWidth] = useState(before)
  useLayoutEffect(() => {
    if (!element.current) return
    const watch = new ResizeObserver(([entry]) => entry && setWidth(Math.max(160, Math.round(entry.contentRect.width))))
    watch.observe(element.current)
    return () => watch.disconnect()
  }, [])
  return [element, width]
}

export function useTitle(title: string): void {
  useEffect(() => {
    document.title = `${title} · Palisade`
  }, [title])
}
