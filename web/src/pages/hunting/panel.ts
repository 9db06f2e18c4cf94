/** What stands beside the editor and the result, as the address names it. */
export type HuntingPanel = { kind: 'function'; name: string } | { kind: 'new-function' } | { kind: 'table'; name: string }

export function panelOf(text: string | undefined): HuntingPanel | undefined {
  if (text === 'new-function') return { kind: 'new-function' }
  const found = /^(function|table):(.+)$/s.exec(text ?? '')
  return found ? { kind: found[1] as 'function' | 'table', name: found[2]! } : undefined
}

export const functionPanel = (name: string): string => `function:${name}`
export const tablePanel = (name: string): string => `table:${name}`
