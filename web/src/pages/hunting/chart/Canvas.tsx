import { type KeyboardEvent, useEffect, useId, useMemo, useRef, useState } from 'react'
import { CHART_KINDS } from '../../../lib/charts'
import { useIsDark } from '../../../lib/theme'
import { useMedia, useNarrow } from '../../../lib/hooks'
import { echarts } from './echarts'
import type { ChartModel } from './model'
import { chartOption, panelCount } from './options'
import { chartTheme } from './palette'
import { pointReader } from './reader'
import { type Cursor, walk } from './walk'
import { summary } from './words'

/** The picture of a chart: pointed at, read by arrow keys, and a point opens the row that made it. */
export default function Canvas({ model, onRow }: { model: ChartModel; onRow: (row: number) => void }) {
  const frame = useRef<HTMLDivElement>(null)
  const chart = useRef<ReturnType<typeof echarts.init>>(undefined)
  const open = useRef(onRow)
  open.current = onRow
  const dark = useIsDark()
  const narrow = useNarrow()
  const patterns = useMedia('(prefers-contrast: more)')
  const [height, setHeight] = useState(0)
  const [at, setAt] = useState<Cursor>()
  const [told, setTold] = useState('')
  const about = useId()
  const reader = useMemo(() => pointReader(model), [model])
  const panels = useMemo(() => panelCount(model), [model])

  useEffect(() => {
    const made = echarts.init(frame.current!, undefined, { renderer: 'canvas' })
    chart.current = made
    const watch = new ResizeObserver(([entry]) => {
      made.resize()
      if (entry) setHeight(Math.round(entry.contentRect.height))
    })
    watch.observe(frame.current!)
    return () => {
      watch.disconnect()
      made.dispose()
      chart.current = undefined
    }
  }, [])

  useEffect(() => {
    if (!chart.current || height === 0) return
    chart.current.setOption(chartOption(model, chartTheme(frame.current!, dark), { height, narrow, patterns }), { notMerge: true })
    frame.current?.setAttribute('data-drawn', model.spec.kind)
  }, [model, dark, narrow, patterns, height])

  useEffect(() => {
    const made = chart.current
    if (!made) return
    const click = (event: { seriesIndex?: number; dataIndex?: number }) => {
      const row = reader.row({ series: event.seriesIndex ?? -1, point: event.dataIndex ?? -1 })
      if (row !== undefined) open.current(row)
    }
    made.on('click', click)
    setAt(undefined)
    return () => {
      // The chart itself may be gone before its listener.
      if (!made.isDisposed()) made.off('click', click)
    }
  }, [reader])

  const onKey = (event: KeyboardEvent) => {
    if (event.key === 'Escape' && at) {
      chart.current?.dispatchAction({ type: 'hideTip' })
      setAt(undefined)
      event.preventDefault()
      return
    }
    const row = at && reader.row(at)
    if (event.key === 'Enter' && row !== undefined) {
      // Else the same key would press the first button of the panel that opens.
      event.preventDefault()
      return onRow(row)
    }
    const next = walk(at, event.key, reader.sizes)
    if (!next) return
    event.preventDefault()
    setAt(next)
    setTold(reader.text(next))
    chart.current?.dispatchAction({ type: 'showTip', seriesIndex: next.series, dataIndex: next.point })
  }

  return (
    <div
      className="chart-frame"
      role="group"
      aria-roledescription="chart"
      aria-label={model.spec.title ?? CHART_KINDS[model.spec.kind]}
      aria-describedby={about}
      tabIndex={0}
      onKeyDown={onKey}
      onBlur={() => chart.current?.dispatchAction({ type: 'hideTip' })}
    >
      <div ref={frame} className="chart-canvas" style={{ minHeight: Math.max(260, panels * 130) }} aria-hidden data-testid="chart" />
      <p id={about} className="hidden-text">{summary(model, CHART_KINDS[model.spec.kind])}</p>
      <p className="hidden-text" role="status" aria-label="Point">{told}</p>
    </div>
  )
}
