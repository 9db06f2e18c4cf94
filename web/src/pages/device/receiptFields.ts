export interface ReceiptField {
  name: string
  value: unknown
  /** The value as an instant, where it is one. */
  instant?: string
}

const INSTANT_TEXT = /^\d{4}-\d{2}-\d{2}T/
/** Microseconds since 1970 that lie after 2001: smaller numbers are lengths of time. */
const FIRST_INSTANT_US = 1e15

/** A receipt without its empty fields, the proof's own fields beside the others. */
export function receiptFields(receipt: unknown): ReceiptField[] {
  if (receipt === null || typeof receipt !== 'object') return []
  return Object.entries(receipt).flatMap(([name, value]): ReceiptField[] => {
    if (value === null || value === undefined || value === '') return []
    if (typeof value === 'object' && !Array.isArray(value)) return receiptFields(value)
    if (typeof value === 'string' && INSTANT_TEXT.test(value)) return [{ name, value, instant: value }]
    if (typeof value === 'number' && name.endsWith('_us')) {
      if (value > FIRST_INSTANT_US) return [{ name: name.slice(0, -3), value, instant: new Date(value / 1000).toISOString() }]
      return [{ name: name.slice(0, -3), value: `${value} µs` }]
    }
    return [{ name, value }]
  })
}
