import { Instant } from '../../components/Instant'
import { cellText } from '../../lib/format'

/** One cell by its KQL type. */
export function ResultCell({ type, value }: { type: string; value: unknown }) {
  if (value === null || value === undefined) return null
  if (type === 'datetime') return <Instant at={String(value)} millis />
  // JSON carries whole numbers exactly up to 2^53 only: beyond it the last digits are not to be trusted.
  if (typeof value === 'number' && Number.isInteger(value) && !Number.isSafeInteger(value) && type !== 'real') {
    return <span title="Too large to be shown exactly; use tostring() in the query">≈ {cellText(value)}</span>
  }
  const text = cellText(value)
  return <span title={text.length > 24 ? text : undefined} className={type === 'dynamic' ? 'mono' : undefined}>{text}</span>
}
