/** What can be drawn, by the names that `render` uses. */
export const CHART_KINDS = {
  timechart: 'Time chart',
  linechart: 'Line chart',
  areachart: 'Area chart',
  columnchart: 'Column chart',
  barchart: 'Bar chart',
  piechart: 'Pie chart',
  scatterchart: 'Scatter chart',
  anomalychart: 'Anomaly chart',
  card: 'Card',
} as const
export type ChartKind = keyof typeof CHART_KINDS
export const isChartKind = (name: unknown): name is ChartKind => typeof name === 'string' && Object.hasOwn(CHART_KINDS, name)

export const STACKS = { unstacked: 'Beside each other', stacked: 'Stacked', stacked100: 'Stacked to 100 %' } as const
export type Stack = keyof typeof STACKS
