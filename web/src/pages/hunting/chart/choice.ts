import type { HuntingSearch } from '../../../lib/search'
import type { ChartChoice } from './spec'

/** Names in one word of the address; a comma within a name is kept by a backslash. */
export function joinNames(names: string[]): string | undefined {
  return names.length > 0 ? names.map((name) => name.replace(/[\\,]/g, '\\$&')).join(',') : undefined
}

export function splitNames(text: string | undefined): string[] | undefined {
  if (text === undefined) return undefined
  const names = ['']
  for (let at = 0; at < text.length; at++) {
    const letter = text[at]!
    if (letter === '\\' && at + 1 < text.length) names[names.length - 1] += text[++at]!
    else if (letter === ',') names.push('')
    else names[names.length - 1] += letter
  }
  return names.filter((name) => name !== '')
}

/** What the address says of the chart. */
export function choiceOf(search: HuntingSearch): ChartChoice {
  return {
    chart: search.chart === 'attack' ? undefined : search.chart,
    x: search.x,
    y: splitNames(search.y),
    // An empty split is none, which is something else than the chart's own.
    split: search.split === '' ? [] : splitNames(search.split),
    stack: search.stack,
  }
}

/** Nothing chosen: the chart is as the query says. */
export const NO_CHOICE = { chart: undefined, x: undefined, y: undefined, split: undefined, stack: undefined, view: undefined, technique: undefined, list: undefined } satisfies Partial<HuntingSearch>

/** Whether a text asks for a chart itself: then what was chosen for the text before gives way. */
export const asksForChart = (text: string): boolean => /\|\s*render\s+\w/.test(text.replace(/\/\/.*$/gm, ''))
