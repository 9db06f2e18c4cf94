import { SearchBox } from '@fluentui/react-components'
import { useState } from 'react'
import { cellText } from '../lib/format'
import { CopyButton } from './CopyText'
import { Instant } from './Instant'

interface Props {
  fields: [string, unknown][]
  /** Which fields are instants; the rest is shown as text or JSON. */
  isInstant: (name: string) => boolean
}

const isEmpty = (value: unknown) => value === null || value === undefined || value === ''

/** All fields of a row; the empty ones are named at the end, so that nothing is hidden. */
export function FieldList({ fields, isInstant }: Props) {
  const [filter, setFilter] = useState('')
  const wanted = filter.toLowerCase()
  const match = fields.filter(
    ([name, value]) => !wanted || name.toLowerCase().includes(wanted) || cellText(value).toLowerCase().includes(wanted),
  )
  const filled = match.filter(([, value]) => !isEmpty(value))
  const empty = match.filter(([, value]) => isEmpty(value))
  return (
    <div className="stack">
      <SearchBox
        className="wide"
        placeholder="Filter fields"
        aria-label="Filter fields"
        value={filter}
        onChange={(_, data) => setFilter(data.value)}
      />
      <dl className="fields">
        {filled.map(([name, value]) => (
          <div key={name} className="field">
            <dt>{name}</dt>
            <dd>
              <FieldValue name={name} value={value} instant={isInstant(name)} />
              <CopyButton text={cellText(value)} label={`Copy ${name}`} />
            </dd>
          </div>
        ))}
      </dl>
      {empty.length > 0 && <p className="muted small">Empty: {empty.map(([name]) => name).join(', ')}</p>}
    </div>
  )
}

function FieldValue({ name, value, instant }: { name: string; value: unknown; instant: boolean }) {
  if (instant && typeof value === 'string') return <Instant at={value} millis />
  const structured = typeof value === 'object' ? value : parseObject(name, value)
  if (structured) return <pre tabIndex={0} aria-label={name}>{JSON.stringify(structured, null, 2)}</pre>
  return <span className="break">{cellText(value)}</span>
}

/** Some columns carry JSON as text. */
function parseObject(name: string, value: unknown): object | undefined {
  if (typeof value !== 'string' || !/^[[{]/.test(value) || name.endsWith('CommandLine')) return undefined
  try {
    return JSON.parse(value) as object
  } catch {
    return undefined
  }
}
