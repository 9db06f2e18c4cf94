import { instantOf } from './cells'
import type { ChartModel } from './model'
import type { ChartTheme } from './palette'
import { shortFigure } from './words'

/** A bound that `render` names: a number, or an instant on an axis of time. */
export function boundOf(bound: number | string | undefined, time: boolean): number | undefined {
  if (bound === undefined) return undefined
  const read = time ? instantOf(bound) : Number(bound)
  return read !== null && Number.isFinite(read) ? read : undefined
}

const TOP = 16
/** Above each panel its name, below it the labels of its axis. */
const PANEL_NAME = 24
const PANEL_LABELS = 24

/** Grids and axes: one, several value axes, or one grid below the other. */
export function axesOption(model: ChartModel, theme: ChartTheme, count: number, legend: boolean, height: number): object {
  const { spec } = model
  const horizontal = spec.kind === 'barchart'
  const top = TOP + (spec.title ? 24 : 0) + (legend ? 28 : 0)
  const panels = spec.panels === 'panels' ? count : 1
  const values = spec.panels === 'axes' ? Math.min(count, 4) : panels
  const places = Array.from({ length: panels }, (_, at) => placeAxis(model, theme, panels > 1 ? at : undefined))
  const sizes = Array.from({ length: values }, (_, at) => valueAxis(model, theme, at, panels > 1 ? at : undefined, values))
  const zoomed = model.axis === 'category' && model.categories.length > 40
  const sides = spec.panels === 'axes' ? Math.max(0, Math.ceil((values - 1) / 2)) * 54 : 0
  const each = (height - top - 8) / panels
  const grid = Array.from({ length: panels }, (_, at) => ({
    left: 16 + sides,
    right: 24 + sides + (zoomed && horizontal ? 28 : 0),
    ...(panels > 1
      ? { top: top + at * each + PANEL_NAME, height: Math.max(24, each - PANEL_NAME - PANEL_LABELS) }
      : { top: top + 14, bottom: ((spec.xTitle ?? model.xName) && !horizontal ? 34 : 12) + (zoomed && !horizontal ? 34 : 0) }),
    containLabel: panels === 1,
    ...(panels > 1 && { left: 64 }),
  }))
  return {
    grid,
    xAxis: horizontal ? sizes : places,
    yAxis: horizontal ? places : sizes,
    dataZoom: zoomed ? [zoom(horizontal, model.categories.length)] : undefined,
  }
}

/** Many categories are looked at through a window of forty. */
function zoom(horizontal: boolean, categories: number): object {
  const window = { startValue: 0, endValue: Math.min(categories, 40) - 1, brushSelect: false }
  return horizontal ? { type: 'slider', yAxisIndex: 0, width: 16, right: 8, ...window } : { type: 'slider', xAxisIndex: 0, height: 16, bottom: 10, ...window }
}

function placeAxis(model: ChartModel, theme: ChartTheme, panel: number | undefined): object {
  const { spec, axis } = model
  const horizontal = spec.kind === 'barchart'
  const looks = axisLooks(theme)
  const name = { name: panel === undefined ? model.xName : undefined, nameLocation: 'middle' as const, nameGap: horizontal ? 12 : 28, nameTextStyle: { color: theme.muted } }
  const grid = panel === undefined ? {} : { gridIndex: panel }
  const bounds = { min: boundOf(spec.xMin, axis === 'time'), max: boundOf(spec.xMax, axis === 'time') }
  if (axis === 'time') return { type: 'time', ...grid, ...looks, ...name, ...bounds, axisLabel: { ...looks.axisLabel, hideOverlap: true } }
  if (axis === 'number') return { type: spec.logX ? 'log' : 'value', scale: true, ...grid, ...looks, ...name, ...bounds, axisLabel: { ...looks.axisLabel, formatter: shortFigure, hideOverlap: true } }
  return {
    type: 'category',
    data: model.categories,
    ...grid,
    ...looks,
    ...name,
    ...(horizontal && { name: undefined }),
    // A list is read from its top.
    inverse: horizontal,
    axisLabel: { ...looks.axisLabel, hideOverlap: true, width: horizontal ? 180 : 110, overflow: 'truncate' as const },
  }
}

function valueAxis(model: ChartModel, theme: ChartTheme, at: number, panel: number | undefined, count: number): object {
  const { spec } = model
  const looks = axisLooks(theme)
  const full = spec.stack === 'stacked100'
  const split = spec.panels !== 'none'
  const own = model.units.length > 1 ? model.units[at] : model.series.filter((one) => !one.marks)[at]?.name
  return {
    type: spec.logY && !full ? 'log' : 'value',
    ...(panel !== undefined && { gridIndex: panel }),
    ...looks,
    name: split ? own : spec.yTitle,
    nameTextStyle: { color: split && panel === undefined ? theme.colours[at % theme.colours.length] : theme.muted, align: at % 2 === 0 ? ('left' as const) : ('right' as const), width: 200, overflow: 'truncate' as const },
    min: full ? 0 : boundOf(spec.yMin, false),
    max: full ? 100 : boundOf(spec.yMax, false),
    axisLabel: { ...looks.axisLabel, hideOverlap: true, formatter: full ? (value: number) => `${value} %` : shortFigure },
    ...(panel === undefined && count > 1 && { position: at % 2 === 0 ? 'left' : 'right', offset: Math.floor(at / 2) * 54, splitLine: { show: at === 0, lineStyle: { color: theme.line } } }),
  }
}

const axisLooks = (theme: ChartTheme) => ({
  axisLabel: { color: theme.muted, fontSize: 11 },
  axisLine: { lineStyle: { color: theme.line } },
  axisTick: { lineStyle: { color: theme.line } },
  splitLine: { lineStyle: { color: theme.line } },
})
