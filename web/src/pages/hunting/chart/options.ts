import type { EChartsCoreOption } from 'echarts/core'
import type { ChartModel, Series } from './model'
import { axesOption } from './axes'
import { pieOption } from './pie'
import type { ChartTheme } from './palette'
import { aligned, shares } from './series'
import { figure, placeName } from './words'

const SYMBOLS = ['circle', 'rect', 'triangle', 'diamond', 'roundRect', 'pin'] as const
const DASHES = ['solid', 'dashed', 'dotted'] as const
/** Lines with more points have no symbols: they would hide the line. */
const FEW_POINTS = 60

/** The series as they are drawn, in the order in which the drawing counts them. */
export function drawnSeries(model: ChartModel): Series[] {
  if (model.spec.stack === 'unstacked') return model.series
  const stacked = aligned(model.series.filter((one) => !one.marks))
  return model.spec.stack === 'stacked100' ? shares(stacked) : stacked
}

/** The place that a chart has. */
export interface Frame {
  /** In pixels. */
  height: number
  /** A phone. */
  narrow: boolean
  /** Adds a pattern to each area, for those who ask for more contrast. */
  patterns: boolean
}

/** How many panels stand below each other. */
export function panelCount(model: ChartModel): number {
  return model.spec.panels === 'panels' && model.spec.kind !== 'piechart' ? Math.max(...panelOf(model, drawnSeries(model))) + 1 : 1
}

/** The option of the drawing library for a chart. */
export function chartOption(model: ChartModel, theme: ChartTheme, { height, narrow, patterns }: Frame): EChartsCoreOption {
  const base = {
    animation: false,
    backgroundColor: 'transparent',
    color: [...theme.colours],
    textStyle: { fontFamily: theme.font, color: theme.text },
    aria: { enabled: patterns, label: { enabled: false }, decal: { show: patterns } },
    title: model.spec.title ? { text: model.spec.title, left: 'center', top: 4, textStyle: { fontSize: 14, fontWeight: 600, color: theme.text } } : undefined,
  }
  if (model.spec.kind === 'piechart') return { ...base, ...pieOption(model, theme, narrow) }
  const series = drawnSeries(model)
  const { spec } = model
  const panels = panelOf(model, series)
  const count = Math.max(...panels) + 1
  const legend = spec.legend && series.length > 1
  return {
    ...base,
    ...axesOption(model, theme, spec.panels === 'none' ? 1 : count, legend, height),
    legend: legend
      ? { type: 'scroll', top: spec.title ? 28 : 4, textStyle: { color: theme.text }, pageTextStyle: { color: theme.text }, pageIconColor: theme.text, pageIconInactiveColor: theme.muted, formatter: (name: string) => (name.length > 40 ? `${name.slice(0, 39)}…` : name) }
      : undefined,
    tooltip: {
      trigger: spec.kind === 'scatterchart' || model.axis === 'category' ? 'item' : 'axis',
      confine: true,
      backgroundColor: theme.ground,
      borderColor: theme.line,
      textStyle: { color: theme.text, fontSize: 12 },
      formatter: (asked: unknown) => tip(model, series, asked),
    },
    series: series.map((one, index) => seriesOption(model, theme, one, index, spec.panels === 'none' ? 0 : panels[index]!)),
  }
}

/** The panel or axis of each series: by its value column, or by itself where there is one column only. */
function panelOf(model: ChartModel, series: Series[]): number[] {
  if (model.units.length > 1) return series.map((one) => one.unit)
  const names = new Map<string, number>()
  return series.map((one) => {
    const name = one.marks ? one.name.replace(/^Anomalies of /, '') : one.name
    if (!names.has(name)) names.set(name, names.size)
    return names.get(name)!
  })
}

function seriesOption(model: ChartModel, theme: ChartTheme, series: Series, index: number, panel: number): object {
  const { spec } = model
  const colour = theme.colours[index % theme.colours.length]!
  const horizontal = spec.kind === 'barchart'
  const data = series.points.map((point) => (horizontal ? [point.y, point.x] : [point.x, point.y]))
  const place = spec.panels === 'panels' ? { xAxisIndex: panel, yAxisIndex: panel } : spec.panels === 'axes' ? { yAxisIndex: horizontal ? 0 : Math.min(panel, 3), ...(horizontal && { xAxisIndex: Math.min(panel, 3) }) } : {}
  const common = { name: series.name, data, ...place, itemStyle: { color: colour }, emphasis: { focus: 'series' as const } }
  if (series.marks) return { ...common, type: 'scatter', symbol: 'circle', symbolSize: 11, itemStyle: { color: 'transparent', borderColor: theme.danger, borderWidth: 2 }, z: 5 }
  if (spec.kind === 'scatterchart') return { ...common, type: 'scatter', symbol: SYMBOLS[index % SYMBOLS.length], symbolSize: 8, large: series.points.length > 5_000 }
  const stack = spec.stack === 'unstacked' ? undefined : `panel ${spec.panels === 'panels' ? panel : 0}`
  if (spec.kind === 'columnchart' || spec.kind === 'barchart') return { ...common, type: 'bar', stack, barMaxWidth: 48, barMinHeight: 1 }
  const lone = series.points.length < 2
  return {
    ...common,
    type: 'line',
    stack,
    symbol: SYMBOLS[index % SYMBOLS.length],
    symbolSize: lone ? 8 : 6,
    showSymbol: series.points.length <= FEW_POINTS,
    sampling: spec.stack === 'unstacked' ? 'lttb' : undefined,
    connectNulls: false,
    lineStyle: { width: 2, color: colour, type: DASHES[Math.floor(index / 4) % DASHES.length] },
    areaStyle: spec.kind === 'areachart' ? { opacity: spec.stack === 'unstacked' ? 0.25 : 0.6 } : undefined,
  }
}

interface Asked {
  seriesIndex: number
  dataIndex: number
  color: unknown
}

/** The tip as elements: names come from devices, and none of them is read as markup. */
function tip(model: ChartModel, series: Series[], asked: unknown): HTMLElement {
  const items = (Array.isArray(asked) ? asked : [asked]) as Asked[]
  const box = document.createElement('div')
  const first = series[items[0]?.seriesIndex ?? 0]?.points[items[0]?.dataIndex ?? 0]
  if (!first) return box
  line(box, placeName(model, first.x)).style.fontWeight = '600'
  const shown = items.slice(0, 14)
  for (const { seriesIndex, dataIndex, color } of shown) {
    const one = series[seriesIndex]
    const point = one?.points[dataIndex]
    if (!one || !point) continue
    const text = line(box, '')
    const dot = document.createElement('span')
    Object.assign(dot.style, { display: 'inline-block', width: '9px', height: '9px', borderRadius: '50%', marginRight: '6px', background: one.marks ? 'transparent' : String(color), border: one.marks ? '2px solid currentColor' : 'none' })
    text.append(dot, `${clipped(one.name)}: ${figure(point.y)}${model.spec.stack === 'stacked100' ? ' %' : ''}`)
  }
  if (items.length > shown.length) line(box, `and ${items.length - shown.length} more`)
  return box
}

function line(box: HTMLElement, text: string): HTMLElement {
  const made = document.createElement('div')
  made.textContent = clipped(text)
  box.append(made)
  return made
}

const clipped = (text: string): string => (text.length > 80 ? `${text.slice(0, 79)}…` : text)
