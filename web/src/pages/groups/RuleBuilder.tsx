import { Button, Checkbox, Input, Select } from '@fluentui/react-components'
import { AddRegular, DismissRegular } from '@fluentui/react-icons'
import { useQuery } from '@tanstack/react-query'
import { subscriptionsQuery } from '../../api/queries/usage'
import { ABOUT, FIELDS, newCondition, newList, opLabel, withField, withPart, type Condition, type Draft, type Field, type List, type Op, type Part } from '../../lib/rules'
import './groups.css'

/** The server's bound. */
const MAX_DEPTH = 7

interface Props {
  draft: Draft
  onChange: (draft: Draft) => void
}

/** Conditions in nested lists, of which all or one must hold. */
export function RuleBuilder({ draft, onChange }: Props) {
  return (
    <div className="stack">
      <Checkbox
        label="Every device"
        checked={draft.every}
        onChange={(_, d) => onChange({ ...draft, every: d.checked === true })}
      />
      {!draft.every && (
        <ListEditor list={draft.root} depth={0} label="Rule" onChange={(root) => onChange({ ...draft, root })} />
      )}
    </div>
  )
}

interface ListProps {
  list: List
  depth: number
  label: string
  onChange: (list: List) => void
  onRemove?: () => void
}

function ListEditor({ list, depth, label, onChange, onRemove }: ListProps) {
  const set = (part: Part, next: Part | undefined) => onChange(withPart(list, part.key, next))
  const add = (part: Part) => onChange({ ...list, parts: [...list.parts, part] })
  return (
    <div className="rule-list" role="group" aria-label={label}>
      <div className="row wrap">
        <Select
          aria-label={`${label}: which must hold`}
          value={`${list.not ? 'not-' : ''}${list.mode}`}
          onChange={(_, d) => onChange({ ...list, not: d.value.startsWith('not-'), mode: d.value.endsWith('all') ? 'all' : 'any' })}
        >
          <option value="all">All of these hold</option>
          <option value="any">At least one of these holds</option>
          <option value="not-any">None of these holds</option>
          <option value="not-all">Not all of these hold</option>
        </Select>
        {onRemove && <Button appearance="subtle" icon={<DismissRegular />} aria-label={`Remove ${label.toLowerCase()}`} onClick={onRemove} />}
      </div>
      {list.parts.map((part, at) => {
        const name = `${label === 'Rule' ? '' : `${label}, `}${part.kind === 'list' ? 'list' : 'condition'} ${at + 1}`
        return part.kind === 'list' ? (
          <ListEditor key={part.key} list={part} depth={depth + 1} label={name} onChange={(next) => set(part, next)} onRemove={() => set(part, undefined)} />
        ) : part.kind === 'is' ? (
          <ConditionEditor key={part.key} condition={part} label={name} onChange={(next) => set(part, next)} onRemove={() => set(part, undefined)} />
        ) : (
          <div key={part.key} className="row">
            <span>{part.not ? 'No device' : 'Every device'}</span>
            <Button appearance="subtle" icon={<DismissRegular />} aria-label={`Remove ${name}`} onClick={() => set(part, undefined)} />
          </div>
        )
      })}
      <div className="row wrap">
        <Button size="small" icon={<AddRegular />} onClick={() => add(newCondition())}>Condition</Button>
        {depth < MAX_DEPTH - 1 && <Button size="small" icon={<AddRegular />} onClick={() => add({ ...newList(), mode: list.mode === 'all' ? 'any' : 'all' })}>List</Button>}
      </div>
    </div>
  )
}

interface ConditionProps {
  condition: Condition
  label: string
  onChange: (condition: Condition) => void
  onRemove: () => void
}

function ConditionEditor({ condition, label, onChange, onRemove }: ConditionProps) {
  const about = ABOUT[condition.field]
  return (
    <div className="rule-condition" role="group" aria-label={label}>
      <Select aria-label="Field" value={condition.field} onChange={(_, d) => onChange(withField(condition, d.value as Field))}>
        {FIELDS.map((field) => <option key={field} value={field}>{ABOUT[field].label}</option>)}
      </Select>
      <Select
        aria-label="Comparison"
        value={`${condition.not ? 'not-' : ''}${condition.op}`}
        onChange={(_, d) => onChange({ ...condition, not: d.value.startsWith('not-'), op: d.value.replace('not-', '') as Op })}
      >
        {about.ops.map((op) => <option key={op} value={op}>{opLabel(condition.field, op)}</option>)}
        {about.ops.map((op) => <option key={`not-${op}`} value={`not-${op}`}>not: {opLabel(condition.field, op)}</option>)}
      </Select>
      {condition.field === 'subscription' ? (
        <SubscriptionSelect value={condition.value} onChange={(value) => onChange({ ...condition, value })} />
      ) : (
        <Input
          aria-label="Value"
          placeholder={`such as ${about.example}`}
          maxLength={200}
          value={condition.value}
          onChange={(_, d) => onChange({ ...condition, value: d.value })}
        />
      )}
      <Button appearance="subtle" icon={<DismissRegular />} aria-label={`Remove ${label}`} onClick={onRemove} />
    </div>
  )
}

function SubscriptionSelect({ value, onChange }: { value: string; onChange: (value: string) => void }) {
  const all = useQuery(subscriptionsQuery).data?.items ?? []
  const gone = value !== '' && !all.some((subscription) => subscription.id === value)
  return (
    <Select aria-label="Value" value={value} onChange={(_, d) => onChange(d.value)}>
      <option value="">Choose one</option>
      {gone && <option value={value}>{value}</option>}
      {all.map((subscription) => <option key={subscription.id} value={subscription.id}>{subscription.name}</option>)}
    </Select>
  )
}
