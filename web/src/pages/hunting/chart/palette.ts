/** Thirteen colours that stay apart, each at least 3:1 from the ground of its theme; the last is for the others. */
export const PALETTE = {
  light: ['#0f6cbd', '#c43501', '#107c41', '#8661c5', '#9a6700', '#00757a', '#c239b3', '#5a6b00', '#e3008c', '#3a4fb8', '#a4262c', '#6b4f3a', '#6e6e6e'],
  dark: ['#479ef5', '#ff8f6b', '#54b054', '#b9a3ee', '#eaa300', '#58d3db', '#e587d8', '#b4c83c', '#ff77c6', '#8f9ff5', '#f1707b', '#c8a98f', '#a6a6a6'],
} as const

/** What a chart takes from the theme. */
export interface ChartTheme {
  colours: readonly string[]
  text: string
  muted: string
  line: string
  ground: string
  danger: string
  font: string
}

/** The theme as the page has it. */
export function chartTheme(element: Element, dark: boolean): ChartTheme {
  const style = getComputedStyle(element)
  const token = (name: string) => style.getPropertyValue(`--${name}`).trim()
  return {
    colours: dark ? PALETTE.dark : PALETTE.light,
    text: token('colorNeutralForeground1'),
    muted: token('colorNeutralForeground3'),
    line: token('colorNeutralStroke2'),
    ground: token('colorNeutralBackground1'),
    danger: token('colorStatusDangerForeground1'),
    font: token('fontFamilyBase'),
  }
}
