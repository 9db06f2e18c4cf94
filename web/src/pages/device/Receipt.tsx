import type { ReactNode } from 'react'
import { Instant } from '../../components/Instant'
import { cellText, humanise } from '../../lib/format'
import { receiptFields } from './receiptFields'

/** The sensor's proof, field by field. */
export function Receipt({ receipt }: { receipt: unknown }) {
  const fields = receiptFields(receipt)
  if (fields.length === 0) return null
  return (
    <dl className="fields" aria-label="Receipt">
      {fields.map(({ name, value, instant }) => (
        <div key={name} className="field">
          <dt>{humanise(name)}</dt>
          <dd>{show(value, instant)}</dd>
        </div>
      ))}
    </dl>
  )
}

function show(value: unknown, instant: string | undefined): ReactNode {
  if (instant) return <Instant at={instant} millis />
  return <span className="mono break">{typeof value === 'boolean' ? (value ? 'yes' : 'no') : cellText(value)}</span>
}
