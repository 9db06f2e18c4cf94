import { Button, Dropdown, Input, Option, Select } from '@fluentui/react-components'
import { DismissRegular } from '@fluentui/react-icons'
import { useState } from 'react'
import { InstantInput } from '../../components/InstantInput'
import { agoOf } from '../../lib/explore/check'
import { valueTitle } from '../../lib/explore/choices'
import type { Json } from '../../lib/explore/document'
import type { Property, ValueShape } from '../../lib/explore/language'

interface Props {
  id: string
  property: Property
  shape: ValueShape
  value: Json | undefined
  onChange: (value: Json | undefined) => void
  describedBy: string | undefined
  invalid: boolean
}

/** A value of the property's type, in the shape that the operator is given. */
export function ValueEditor(props: Props) {
  const { id, property, shape, value, onChange, describedBy, invalid } = props
  const odd = value !== undefined && (shape === 'list' ? !Array.isArray(value) || value.some((v) => typeof v === 'object') : typeof value === 'object')
  if (odd) {
    return (
      <span className="row">
        <code className="xq-raw">{JSON.stringify(value)}</code>
        <Button size="small" onClick={() => onChange(shape === 'list' ? [] : undefined)}>Replace</Button>
      </span>
    )
  }
  const common = { id, 'aria-label': 'Value', 'aria-describedby': describedBy, 'aria-invalid': invalid || undefined, className: 'xq-value' }
  const truth = shape === 'truth'
  if (truth || (property.type === 'bool' && shape === 'one')) {
    return (
      <Select {...common} value={value === undefined ? '' : String(value)} onChange={(_, d) => onChange(d.value === 'true')}>
        {typeof value !== 'boolean' && <option value={value === undefined ? '' : String(value)}>{value === undefined ? 'Choose' : String(value)}</option>}
        <option value="true">{truth ? 'yes, it has a value' : 'true'}</option>
        <option value="false">{truth ? 'no, it has none' : 'false'}</option>
      </Select>
    )
  }
  if (property.type === 'choice') return shape === 'list' ? <ChoiceList {...props} /> : <Choice {...props} />
  if (shape === 'list') return <ValueList {...props} />
  if (property.type === 'time') return <TimeValue {...props} />
  return <Typed {...props} />
}

const known = (property: Property, value: Json | undefined) => property.values.find((v) => typeof value === 'string' && v.toLowerCase() === value.toLowerCase())

function Choice({ id, property, value, onChange, describedBy, invalid }: Props) {
  const chosen = known(property, value)
  const other = value === undefined ? '' : String(value)
  return (
    <Select id={id} aria-label="Value" aria-describedby={describedBy} aria-invalid={invalid || undefined} className="xq-value" value={chosen ?? other} onChange={(_, d) => onChange(d.value)}>
      {chosen === undefined && <option value={other}>{other || 'Choose'}</option>}
      {property.values.map((v) => <option key={v} value={v}>{valueTitle(property, v)}</option>)}
    </Select>
  )
}

function ChoiceList({ id, property, value, onChange, describedBy, invalid }: Props) {
  const chosen = Array.isArray(value) ? value.map((v) => known(property, v) ?? String(v)) : []
  const others = chosen.filter((v) => !property.values.includes(v))
  return (
    <Dropdown
      id={id}
      multiselect
      className="xq-value"
      aria-label="Values"
      aria-describedby={describedBy}
      aria-invalid={invalid || undefined}
      placeholder="Choose"
      selectedOptions={chosen}
      value={chosen.map((v) => valueTitle(property, v)).join(', ')}
      onOptionSelect={(_, d) => onChange([...property.values, ...others].filter((v) => d.selectedOptions.includes(v)))}
    >
      {[...property.values, ...others].map((v) => <Option key={v} value={v} text={valueTitle(property, v)}>{valueTitle(property, v)}</Option>)}
    </Dropdown>
  )
}

/** What somebody typed as a value; a text that is no number yet stays a text, and is marked as wrong. */
function typed(property: Property, text: string): Json {
  const number = property.type === 'integer' ? /^-?\d+$/ : property.type === 'real' ? /^-?\d+(\.\d+)?([eE][+-]?\d+)?$/ : undefined
  const value = Number(text)
  return number?.test(text.trim()) && Number.isFinite(value) && (property.type === 'real' || Number.isSafeInteger(value)) ? value : text
}

const EXAMPLES: Partial<Record<Property['type'], string>> = { version: 'such as 12.4', integer: 'a number', real: 'a number' }

function Typed({ id, property, value, onChange, describedBy, invalid }: Props) {
  const [text, setText] = useState(() => (value === undefined ? '' : String(value)))
  // “0.50” stays as it was typed while it means the value.
  const same = text !== '' || value === undefined || value === '' ? typed(property, text) === (value ?? '') : false
  return (
    <Input
      id={id}
      className="xq-value"
      aria-label="Value"
      aria-describedby={describedBy}
      aria-invalid={invalid || undefined}
      inputMode={property.type === 'integer' || property.type === 'real' ? 'decimal' : undefined}
      placeholder={EXAMPLES[property.type]}
      maxLength={1024}
      value={same ? text : value === undefined ? '' : String(value)}
      onChange={(_, d) => { setText(d.value); onChange(typed(property, d.value)) }}
    />
  )
}

function ValueList({ id, property, value, onChange, describedBy, invalid }: Props) {
  const [text, setText] = useState('')
  const items = Array.isArray(value) ? value : []
  const add = (words: string[]) => {
    const more = words.map((word) => word.trim()).filter(Boolean).map((word) => typed(property, word)).filter((v, i, all) => !items.includes(v) && all.indexOf(v) === i)
    setText('')
    if (more.length > 0) onChange([...items, ...more])
  }
  return (
    <span className="xq-value-list" role="group" aria-label="Values">
      {items.map((item, i) => (
        <span key={i} className="xq-chip">
          <span className="clip">{String(item)}</span>
          <Button size="small" appearance="transparent" aria-label={`Remove ${String(item)}`} icon={<DismissRegular />} onClick={() => onChange(items.filter((_, at) => at !== i))} />
        </span>
      ))}
      <Input
        id={id}
        className="xq-value"
        aria-label="Add a value"
        aria-describedby={describedBy}
        aria-invalid={invalid || undefined}
        placeholder={items.length > 0 ? 'another; Enter adds' : 'a value; Enter adds'}
        maxLength={1024}
        value={text}
        onChange={(_, d) => setText(d.value)}
        onBlur={() => add([text])}
        onKeyDown={(event) => {
          if (event.key === 'Enter') { event.preventDefault(); add([text]) }
          else if (event.key === 'Backspace' && text === '' && items.length > 0) onChange(items.slice(0, -1))
        }}
        // A column of a spreadsheet or a list of lines becomes as many values.
        onPaste={(event) => {
          const lines = event.clipboardData.getData('text').split(/[\r\n\t]+/).filter((line) => line.trim())
          if (lines.length > 1) { event.preventDefault(); add(lines) }
        }}
      />
    </span>
  )
}

const UNITS: [string, string][] = [['d', 'days'], ['h', 'hours'], ['m', 'minutes'], ['s', 'seconds']]

function TimeValue({ id, value, onChange, describedBy, invalid }: Props) {
  const text = typeof value === 'string' ? value : undefined
  const ago = text === undefined ? undefined : agoOf(text)
  const [fixed, setFixed] = useState(text !== undefined && !text.startsWith('ago('))
  const isFixed = ago ? false : fixed
  const [count, setCount] = useState(ago ? String(ago.count) : '')
  const unit = ago?.unit ?? 'd'
  const write = (n: string, u: string) => onChange(n === '' ? undefined : `ago(${n}${u})`)
  return (
    <span className="row wrap" role="group" aria-label="Value">
      {isFixed ? (
        <InstantInput label="Instant" value={text} onChange={onChange} />
      ) : (
        <>
          <Input
            id={id}
            className="xq-count"
            aria-label="How many"
            aria-describedby={describedBy}
            aria-invalid={invalid || undefined}
            inputMode="numeric"
            value={ago && Number(count) !== ago.count ? String(ago.count) : count}
            onChange={(_, d) => { const digits = d.value.replace(/\D/g, '').slice(0, 10); setCount(digits); write(digits, unit) }}
          />
          <Select aria-label="Unit" value={unit} onChange={(_, d) => write(count || '1', d.value)}>
            {UNITS.map(([short, long]) => <option key={short} value={short}>{long}</option>)}
          </Select>
        </>
      )}
      <Select
        aria-label="Kind of time"
        value={isFixed ? 'fixed' : 'ago'}
        onChange={(_, d) => { setFixed(d.value === 'fixed'); onChange(d.value === 'fixed' ? new Date(Math.floor(Date.now() / 60_000) * 60_000).toISOString() : 'ago(1d)'); setCount('1') }}
      >
        <option value="ago">ago</option>
        <option value="fixed">exactly</option>
      </Select>
    </span>
  )
}
