import { Checkbox, Field, Input, SearchBox, Select, Switch } from '@fluentui/react-components'
import { useDeferredValue, useMemo, useState } from 'react'
import type { BaselineCheck, BaselineParameter } from '../../api/types'
import { Severity } from '../../components/Severity'
import { type Choice, leftOutBy, type ProfileValues, rangeText, runs, toggleCheck, valueFault, withValue } from '../../lib/baselineProfile'
import { CATEGORY_WORDS } from './words'

interface Props {
  checks: BaselineCheck[]
  /** What the profile begins with. */
  base: ReadonlySet<string>
  /** Thresholds of what it begins with. */
  inherited: Map<string, Record<string, unknown>>
  choice: Choice
  values: ProfileValues
  readOnly: boolean
  onChoice: (choice: Choice) => void
  onValues: (values: ProfileValues) => void
}

/** Every check by category: whether it is run, and its thresholds. */
export function CheckChoice(props: Props) {
  const { checks, base, choice } = props
  const [typed, setTyped] = useState('')
  const [some, setSome] = useState(false)
  const wanted = useDeferredValue(typed).trim().toLowerCase()
  const shown = useMemo(
    () => checks.filter((c) => (!some || runs(c.id, base, choice)) && (!wanted || `${c.id} ${c.title}`.toLowerCase().includes(wanted))),
    [checks, wanted, some, base, choice],
  )
  const groups = Object.keys(CATEGORY_WORDS).map((category) => [category, shown.filter((c) => c.category === category)] as const)
  return (
    <>
      <div className="filters">
        <SearchBox placeholder="Title, identifier" aria-label="Search checks to choose" value={typed} onChange={(_, d) => setTyped(d.value)} />
        <Switch checked={some} onChange={(_, d) => setSome(d.checked)} label="Only those that run" />
      </div>
      {shown.length === 0 && <p className="muted">No check matches.</p>}
      {groups.map(([category, list]) => list.length > 0 && (
        <fieldset key={category} className="bare stack" disabled={props.readOnly}>
          <legend className="card-title">{CATEGORY_WORDS[category]}</legend>
          <ul className="check-list" aria-label={CATEGORY_WORDS[category]}>
            {list.map((check) => <Row key={check.id} check={check} {...props} />)}
          </ul>
        </fieldset>
      ))}
    </>
  )
}

function Row({ check, base, inherited, choice, values, onChoice, onValues }: Props & { check: BaselineCheck }) {
  const on = runs(check.id, base, choice)
  const pattern = leftOutBy(check.id, choice)
  return (
    <li>
      <Checkbox
        checked={on}
        disabled={pattern !== undefined}
        aria-label={check.title}
        onChange={(_, d) => onChoice(toggleCheck(check.id, d.checked === true, base, choice))}
      />
      <div className="grow">
        <div className="row between wrap"><span>{check.title}</span><Severity severity={check.severity} /></div>
        <div className="muted small"><code className="break">{check.id}</code> · level {check.level}{pattern && <> · left out by <code>{pattern}</code></>}</div>
        {on && check.parameters.length > 0 && (
          <div className="form-row">
            {check.parameters.map((p) => (
              <Threshold
                key={p.name}
                parameter={p}
                value={String(values[check.id]?.[p.name] ?? '')}
                otherwise={String(inherited.get(check.id)?.[p.name] ?? p.default)}
                onChange={(text) => onValues(withValue(values, check.id, p, text))}
              />
            ))}
          </div>
        )}
      </div>
    </li>
  )
}

interface ThresholdProps {
  parameter: BaselineParameter
  value: string
  /** What holds where nothing is typed. */
  otherwise: string
  onChange: (text: string) => void
}

function Threshold({ parameter: p, value, otherwise, onChange }: ThresholdProps) {
  const fault = valueFault(p, value)
  const range = rangeText(p)
  return (
    <Field label={p.what} hint={range || undefined} validationState={fault ? 'error' : 'none'} validationMessage={fault}>
      {p.one_of.length > 0 ? (
        <Select value={value} onChange={(_, d) => onChange(d.value)}>
          <option value="">{otherwise}, as before</option>
          {p.one_of.map((word) => <option key={String(word)} value={String(word)}>{String(word)}</option>)}
        </Select>
      ) : (
        <Input inputMode={typeof p.default === 'number' ? 'numeric' : 'text'} value={value} placeholder={otherwise} onChange={(_, d) => onChange(d.value)} />
      )}
    </Field>
  )
}
