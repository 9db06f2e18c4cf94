import { Button, Select } from '@fluentui/react-components'
import { AddRegular, DismissRegular } from '@fluentui/react-icons'
import type { ReactNode } from 'react'
import { properties } from '../../lib/explore/choices'
import { type Fields, type Json, type Path, isFields } from '../../lib/explore/document'
import { type Parts, type Word, add, conditionOn, join, partsOfGroup, remove } from '../../lib/explore/edit'
import { idOf, problemsAt, useBuilder } from './context'
import { Condition, type Owner } from './Condition'
import { PickList } from './PickList'
import { Problems } from './Problems'

const MEANS: Record<Word, string> = { and: 'AND', or: 'OR' }
const other = (word: Word): Word => (word === 'and' ? 'or' : 'and')

interface ListProps {
  parts: Parts
  /** What the parts are, for those who do not see them. */
  label: string
  /** A part that is no group; undefined where the builder cannot show it. */
  render: (part: Fields, path: Path, onRemove: () => void) => ReactNode | undefined
  /** Buttons that add to a group. */
  adders: (parts: Parts) => ReactNode
  /** Where the keyboard goes when a part is taken out. */
  home: string
}

/** Parts that are joined by "and" or "or", each a line, a group of its own, or JSON that only JSON can show. */
export function PartList({ parts, label, render, adders, home }: ListProps) {
  const { document, change } = useBuilder()
  return (
    <div className="xq-list" role="group" aria-label={parts.items.length > 1 ? `${label}, ${parts.word === 'and' ? 'all' : 'one'} of them` : label}>
      {parts.items.map((part, i) => {
        const path = [...parts.path, i]
        const onRemove = () => change(remove(document, path), home)
        const group = partsOfGroup(document, path)
        return (
          <div key={i} className="xq-part">
            {i > 0 && <Joint parts={parts} first={i === 1} />}
            {group ? (
              <Group parts={group} path={path} label={label} render={render} adders={adders} onRemove={onRemove} />
            ) : (
              ((isFields(part) && render(part, path, onRemove)) || <Raw part={part} path={path} onRemove={onRemove} />)
            )}
          </div>
        )
      })}
    </div>
  )
}

/** The word between two parts; at the first it can be changed, for all of them. */
function Joint({ parts, first }: { parts: Parts; first: boolean }) {
  const { document, change } = useBuilder()
  if (!first) return <span className="xq-joint">{MEANS[parts.word]}</span>
  return (
    <Select className="xq-join" size="small" aria-label="How these are joined" value={parts.word} onChange={(_, d) => change(join(document, parts, d.value as Word))}>
      <option value="and">AND</option>
      <option value="or">OR</option>
    </Select>
  )
}

function Group({ parts, path, label, render, adders, onRemove }: Omit<ListProps, 'home'> & { path: Path; onRemove: () => void }) {
  const { problems } = useBuilder()
  const title = parts.word === 'or' ? 'Any of these' : 'All of these'
  return (
    <div className="xq-group" role="group" aria-label={`${label}: ${title.toLowerCase()}`}>
      <div className="xq-line">
        <span className="xq-word">{title}</span>
        {adders(parts)}
        <Button appearance="subtle" size="small" icon={<DismissRegular />} aria-label={`Remove the group “${title.toLowerCase()}”`} onClick={onRemove}>
          <span className="hide-narrow">Remove group</span>
        </Button>
      </div>
      <PartList parts={parts} label={label} render={render} adders={adders} home={idOf(parts.path, 'add')} />
      <Problems of={[...problemsAt(problems, path), ...problemsAt(problems, parts.path)]} />
    </div>
  )
}

/** What was written as JSON and no control shows. */
function Raw({ part, path, onRemove }: { part: Json; path: Path; onRemove: () => void }) {
  const { problems } = useBuilder()
  return (
    <div className="xq-group" role="group" aria-label="A part that only JSON shows">
      <div className="xq-line">
        <code className="xq-raw">{JSON.stringify(part)}</code>
        <Button appearance="subtle" size="small" icon={<DismissRegular />} onClick={onRemove}>Remove</Button>
      </div>
      <Problems of={problemsAt(problems, path, ['insight', 'connection', 'to', 'not', 'where', 'property', 'operator', 'value', 'and', 'or'])} />
    </div>
  )
}

/** Adds a condition on a property that is chosen first. */
export function AddWhere({ parts, owner, plain = false }: { parts: Parts; owner: Owner; plain?: boolean }) {
  const { document, language, change } = useBuilder()
  const choices = properties(language, owner)
  return (
    <PickList
      label="Property"
      shelves={[{ title: 'Properties', choices: choices.map((c) => ({ ...c, description: undefined })) }]}
      onPick={(name) => {
        const property = choices.find((c) => c.value === name)?.property
        if (!property) return
        const [next, path] = add(document, parts, conditionOn(language, property))
        change(next, idOf(path, 'value'))
      }}
    >
      <Button id={plain ? idOf(parts.path, 'add') : undefined} size="small" icon={<AddRegular />} disabled={choices.length === 0}>Where</Button>
    </PickList>
  )
}

/** Adds a group that is joined by the other word. */
export function AddGroup({ parts }: { parts: Parts }) {
  const { document, change } = useBuilder()
  const word = other(parts.word)
  return (
    <Button
      size="small"
      appearance="subtle"
      icon={<AddRegular />}
      onClick={() => {
        const [next, path] = add(document, parts, { [word]: [] })
        change(next, idOf([...path, word], 'add'))
      }}
    >
      {word === 'or' ? 'Group: any of' : 'Group: all of'}
    </Button>
  )
}

/** The conditions of a target or an insight. */
export function Conditions({ parts, owner, home }: { parts: Parts; owner: Owner; home: string }) {
  if (parts.items.length === 0) return null
  return (
    <PartList
      parts={parts}
      label="Where"
      home={home}
      adders={(group) => <><AddWhere parts={group} owner={owner} plain /><AddGroup parts={group} /></>}
      render={(part, path, onRemove) => (isCondition(part) ? <Condition path={path} condition={part} owner={owner} onRemove={onRemove} /> : undefined)}
    />
  )
}

function isCondition(part: Fields): boolean {
  const names = Object.keys(part)
  return typeof part.property === 'string' && typeof part.operator === 'string' && names.every((n) => n === 'property' || n === 'operator' || n === 'value')
}
