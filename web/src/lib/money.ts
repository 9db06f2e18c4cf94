export interface Cost {
  currency: string
  amount: string
}

/**
 * Amounts as people read them. The server's text is exact and stays so: two places, more only where the
 * amount has them. Nothing is converted; two currencies are two amounts.
 */
export function money(costs: readonly Cost[]): string {
  if (costs.length === 0) return '–'
  return costs.map((cost) => `${trimmed(cost.amount)} ${cost.currency}`).join(' + ')
}

/** "12.340000" → "12.34", "0.007000" → "0.007", "3.000000" → "3.00", with thin separators before the point. */
export function trimmed(amount: string): string {
  const [whole = '0', places = ''] = amount.split('.')
  const kept = places.replace(/0+$/, '').padEnd(2, '0')
  return `${BigInt(whole).toLocaleString('en').replace(/,/g, '\u202f')}.${kept}`
}

/** Whether a text is a price that the server takes: at most six places. */
export const isPrice = (text: string): boolean => /^\d{1,7}(\.\d{1,6})?$/.test(text)
