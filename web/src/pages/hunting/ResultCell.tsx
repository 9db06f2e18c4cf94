import { Instant } from '../../components/Instant'
import { cellText } from '../../lib/format'

/** One cell by its KQL type. */
export function ResultCell({ type, value }: { type: string; value: unknown }) {
  if (value === null || value === undefined) return null
  if (type === 'datetime') return <Instant at={String(value)} millis />
  const text = cellText(value)
  return <span title={text.length > 24 ? text : undefined} className={type === 'dynamic' ? 'mono' : undefined}>{text}</span>
}
