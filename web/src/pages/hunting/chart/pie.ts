import { MOST_SERIES, type ChartModel } from './model'
import type { ChartTheme } from './palette'
import { slices } from './series'
import { figure } from './words'

/** A pie of at most twelve slices and the others. */
export function pieOption(model: ChartModel, theme: ChartTheme, narrow: boolean): object {
  const parts = slices(model.series, model.categories, MOST_SERIES)
  const total = parts.reduce((sum, part) => sum + part.value, 0)
  return {
    tooltip: {
      confine: true,
      backgroundColor: theme.ground,
      borderColor: theme.line,
      textStyle: { color: theme.text, fontSize: 12 },
      formatter: ({ dataIndex }: { dataIndex: number }) => {
        const part = parts[dataIndex]
        const box = document.createElement('div')
        // As text: names come from devices.
        if (part) box.textContent = `${part.name}: ${figure(part.value)} (${((part.value / total) * 100).toFixed(1)} %)`
        return box
      },
    },
    legend: model.spec.legend
      ? { type: 'scroll', ...(narrow ? { bottom: 0 } : { orient: 'vertical', right: 8, top: 'middle' }), textStyle: { color: theme.text, width: 180, overflow: 'truncate' }, pageTextStyle: { color: theme.text }, pageIconColor: theme.text }
      : undefined,
    series: [
      {
        type: 'pie',
        radius: narrow ? '62%' : '68%',
        center: [model.spec.legend && !narrow ? '40%' : '50%', narrow ? '46%' : '52%'],
        data: parts.map(({ name, value }) => ({ name, value })),
        itemStyle: { borderColor: theme.ground, borderWidth: 2 },
        label: { show: !narrow, color: theme.text, width: 130, overflow: 'truncate', formatter: '{b}: {d} %' },
        labelLine: { lineStyle: { color: theme.muted } },
        minShowLabelAngle: 14,
      },
    ],
  }
}
