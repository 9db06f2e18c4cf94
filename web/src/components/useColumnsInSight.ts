import { type RefObject, useCallback, useLayoutEffect, useState } from 'react'

/** Few columns are always drawn all. */
const ALWAYS_ALL = 14
const SPARE = 2

/** Which columns of a wide table are in sight, so that only their cells are drawn. */
export function useColumnsInSight(scroller: RefObject<HTMLDivElement | null>, widths: number[]) {
  const [range, setRange] = useState({ from: 0, to: ALWAYS_ALL - 1 })
  const all = widths.length <= ALWAYS_ALL
  const key = widths.join()

  const follow = useCallback(() => {
    const element = scroller.current
    if (!element || all) return
    const sizes = key.split(',').map(Number)
    const left = element.scrollLeft
    const right = left + element.clientWidth
    let edge = 0
    let from = sizes.length - 1
    let to = 0
    sizes.forEach((size, i) => {
      if (edge + size > left && i < from) from = i
      if (edge < right) to = i
      edge += size
    })
    const next = { from: Math.max(0, from - SPARE), to: Math.min(sizes.length - 1, to + SPARE) }
    setRange((old) => (old.from === next.from && old.to === next.to ? old : next))
  }, [scroller, key, all])

  useLayoutEffect(() => {
    follow()
    const element = scroller.current
    if (!element) return
    const watch = new ResizeObserver(follow)
    watch.observe(element)
    return () => watch.disconnect()
  }, [follow, scroller])

  return all ? { from: 0, to: widths.length - 1, follow } : { ...range, follow }
}
