import { cellText, humanise } from '../../lib/format'

/** The sensor's proof, field by field. */
export function Receipt({ receipt }: { receipt: unknown }) {
  if (receipt === null || typeof receipt !== 'object') return null
  const fields = Object.entries(receipt)
  if (fields.length === 0) return null
  return (
    <dl className="fields" aria-label="Receipt">
      {fields.map(([name, value]) => (
        <div key={name} className="field">
          <dt>{humanise(name)}</dt>
          <dd><span className="mono break">{cellText(value) || '-'}</span></dd>
        </div>
      ))}
    </dl>
  )
}
