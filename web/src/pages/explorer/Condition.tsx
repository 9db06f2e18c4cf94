import { Button, Select } from '@fluentui/react-components'
import { DismissRegular } from '@fluentui/react-icons'
import { propertyOf } from '../../lib/explore/check'
import { operators, properties } from '../../lib/explore/choices'
import { type Fields, type Path, put } from '../../lib/explore/document'
import { withOperator, withProperty } from '../../lib/explore/edit'
import { idOf, problemsAt, useBuilder } from './context'
import { Problems } from './Problems'
import { ValueEditor } from './ValueEditor'

/** What conditions speak of: properties of the target's types, or those that an insight lists. */
export type Owner = { types: string[] } | { insight: string }

interface Props {
  path: Path
  condition: Fields
  owner: Owner
  onRemove: () => void
}

/** "Where" a property is compared with a value. */
export function Condition({ path, condition, owner, onRemove }: Props) {
  const { document, language, problems, change } = useBuilder()
  const own = problemsAt(problems, path, ['property', 'operator', 'value'])
  const faults = own.length > 0 ? idOf(path, 'faults') : undefined
  const name = String(condition.property)
  const word = String(condition.operator)
  const property = propertyOf(language, owner, name)
  const operator = language.operator(word)
  const choices = properties(language, owner)
  const set = (next: Fields) => change(put(document, path, next))
  const title = property?.title ?? name
  return (
    <div className="xq-condition" role="group" aria-label={`Where ${title}`}>
      <div className="xq-line">
        <span className="xq-word" aria-hidden>Where</span>
        <Select
          id={idOf(path, 'property')}
          className="xq-pick property"
          aria-label="Property"
          aria-describedby={faults}
          value={name}
          onChange={(_, d) => {
            const next = choices.find((c) => c.value === d.value)
            if (next) set(withProperty(language, condition, property, next.property))
          }}
        >
          {!choices.some((c) => c.value === name) && <option value={name}>{name}</option>}
          {choices.map((c) => <option key={c.value} value={c.value} disabled={c.reason !== undefined}>{c.reason ? `${c.title} (${c.reason})` : c.title}</option>)}
        </Select>
        <Select
          className="xq-operator"
          aria-label="Comparison"
          aria-describedby={faults}
          value={word}
          disabled={!property}
          onChange={(_, d) => property && set(withOperator(language, condition, property, d.value))}
        >
          {!operator && <option value={word}>{word}</option>}
          {operators(language, property).map((c) => <option key={c.value} value={c.value} disabled={c.reason !== undefined}>{c.reason ? `${c.title} (${c.reason})` : c.title}</option>)}
        </Select>
        {property && operator ? (
          <ValueEditor
            key={`${name} ${word}`}
            id={idOf(path, 'value')}
            property={property}
            shape={operator.value}
            value={condition.value}
            describedBy={faults}
            invalid={problemsAt(problems, [...path, 'value']).length > 0}
            onChange={(value) => {
              const { value: _, ...rest } = condition
              set(value === undefined ? rest : { ...rest, value })
            }}
          />
        ) : (
          <code className="xq-raw">{JSON.stringify(condition.value)}</code>
        )}
        <Button appearance="subtle" size="small" icon={<DismissRegular />} aria-label={`Remove where ${title}`} onClick={onRemove}>
          <span className="hide-narrow">Remove</span>
        </Button>
      </div>
      <Problems of={own} id={faults} />
    </div>
  )
}
