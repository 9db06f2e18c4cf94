import { CopyButton } from '../../components/CopyText'
import { Instant } from '../../components/Instant'
import { type FoundNode, type Value, valueText } from '../../lib/explore/answer'
import { type Language, type Property, wordOf } from '../../lib/explore/language'

type Props =
  | { node: FoundNode; language: Language; before?: [string, string | undefined][] }
  | { values: Record<string, Value>; properties: Property[] }

/** Properties by their names for people, in the order of the schema. */
export function Properties(props: Props) {
  const known = 'node' in props ? (props.language.type(props.node.type)?.properties ?? []) : props.properties
  const values = 'node' in props ? (props.node.properties ?? {}) : props.values
  const before = ('node' in props ? (props.before ?? []) : []).filter((pair): pair is [string, string] => Boolean(pair[1]))
  const names = [...known.map((p) => p.name), ...Object.keys(values).filter((name) => !known.some((p) => p.name === name))]
  const filled = names.filter((name) => values[name] !== undefined && values[name] !== '')
  return (
    <dl className="fields">
      {before.map(([title, text]) => <Field key={title} title={title} text={text} />)}
      {filled.map((name) => {
        const property = known.find((p) => p.name === name)
        return <Field key={name} title={property?.title ?? wordOf(name)} text={valueText(property, values[name]!)} instant={property?.type === 'time'} />
      })}
      {'node' in props && <Field title="Id" text={props.node.key} />}
    </dl>
  )
}

function Field({ title, text, instant = false }: { title: string; text: string; instant?: boolean }) {
  return (
    <div className="field">
      <dt>{title}</dt>
      <dd>
        {instant ? <Instant at={text} /> : <span className="break">{text}</span>}
        <CopyButton text={text} label={`Copy ${title.toLowerCase()}`} />
      </dd>
    </div>
  )
}
