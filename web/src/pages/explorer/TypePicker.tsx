import { Button, Checkbox, Popover, PopoverSurface, PopoverTrigger, SearchBox, Select, Tab, TabList } from '@fluentui/react-components'
import { ChevronDownRegular } from '@fluentui/react-icons'
import { useState } from 'react'
import { type Approach, toggleType, typeReason } from '../../lib/explore/choices'
import { type Path, at, put } from '../../lib/explore/document'
import { textsOf } from '../../lib/explore/edit'
import type { Language, NodeType } from '../../lib/explore/language'
import { useNarrow } from '../../lib/hooks'
import { idOf, useBuilder } from './context'

interface Props {
  /** The target whose types are chosen. */
  path: Path
  approach?: Approach
  label: string
  describedBy?: string
}

/** Which types are looked for: by category, searchable, several at once. */
export function TypePicker({ path, approach, label, describedBy }: Props) {
  const { document, language, change } = useBuilder()
  const [open, setOpen] = useState(false)
  const types = textsOf(at(document, [...path, 'types']))
  const set = (next: string[]) => change(put(document, [...path, 'types'], next))
  return (
    <Popover open={open} onOpenChange={(_, d) => setOpen(d.open)} positioning={{ position: 'below', align: 'start', fallbackPositions: ['above-start', 'below-end'] }} trapFocus>
      <PopoverTrigger disableButtonEnhancement>
        <Button
          id={idOf(path, 'types')}
          className="xq-pick type"
          icon={<ChevronDownRegular />}
          iconPosition="after"
          aria-label={`${label}: ${types.length > 0 ? language.titles(types) : 'nothing chosen'}`}
          aria-describedby={describedBy}
        >
          {types.length > 0 ? language.titles(types) : 'Select types'}
        </Button>
      </PopoverTrigger>
      <PopoverSurface className="xq-surface types" aria-label={label}>
        <Types language={language} types={types} approach={approach} onChange={set} onDone={() => setOpen(false)} />
      </PopoverSurface>
    </Popover>
  )
}

interface TypesProps {
  language: Language
  types: string[]
  approach: Approach | undefined
  onChange: (types: string[]) => void
  onDone: () => void
}

const POPULAR = 'popular'

function Types({ language, types, approach, onChange, onDone }: TypesProps) {
  const { categories, types: all } = language.schema
  const reason = (type: NodeType) => typeReason(language, type.name, approach)
  const able = (category: string) => all.some((t) => (category === POPULAR ? t.popular : t.category === category) && !reason(t))
  const tabs = [{ name: POPULAR, title: 'Popular' }, ...categories]
  const home = types.map((t) => language.type(t)?.category).find(Boolean)
  const [category, setCategory] = useState(() => (approach ? (home ?? tabs.find((t) => t.name !== POPULAR && able(t.name))?.name) : undefined) ?? POPULAR)
  const [wanted, setWanted] = useState('')
  const narrow = useNarrow()
  const word = wanted.trim().toLowerCase()
  const shown = word
    ? all.filter((t) => `${t.title} ${t.description}`.toLowerCase().includes(word))
    : all.filter((t) => (category === POPULAR ? t.popular : t.category === category))
  // A group stands before its members, which are shown with it.
  const listed = word ? shown : shown.flatMap((t) => (t.member_of && shown.some((g) => g.name === t.member_of) ? [] : [t, ...all.filter((m) => m.member_of === t.name)]))
  const unknown = types.filter((t) => !language.type(t))
  return (
    <div className="xq-types">
      <SearchBox className="wide" placeholder="Search all types" aria-label="Search types" autoFocus value={wanted} onChange={(_, d) => setWanted(d.value)} />
      <div className="xq-types-body">
        {narrow ? (
          <Select aria-label="Category" value={category} onChange={(_, d) => { setWanted(''); setCategory(d.value) }}>
            {tabs.map((tab) => <option key={tab.name} value={tab.name} disabled={!able(tab.name)}>{tab.title}</option>)}
          </Select>
        ) : (
          <TabList
            vertical
            size="small"
            aria-label="Categories"
            selectedValue={word ? '' : category}
            onTabSelect={(_, d) => { setWanted(''); setCategory(String(d.value)) }}
          >
            {tabs.map((tab) => <Tab key={tab.name} value={tab.name} disabled={!able(tab.name)}>{tab.title}</Tab>)}
          </TabList>
        )}
        <div className="xq-types-list" role="group" aria-label={word ? 'Found types' : `Types: ${tabs.find((t) => t.name === category)?.title}`}>
          {unknown.map((name) => <Checkbox key={name} checked label={`${name} (there is no such type)`} onChange={() => onChange(types.filter((t) => t !== name))} />)}
          {listed.map((type) => {
            const why = reason(type)
            const chosen = types.includes(type.name)
            const within = type.member_of !== null && types.includes(type.member_of)
            return (
              <Checkbox
                key={type.name}
                className={type.member_of && !word ? 'member' : undefined}
                checked={chosen || within}
                // What is chosen and does not fit can be taken out.
                disabled={why !== undefined && !chosen}
                onChange={() => onChange(toggleType(language, types, type.name))}
                label={<span className="xq-type"><span>{type.title}</span><span className="xq-about">{why ?? type.description}</span></span>}
              />
            )
          })}
          {listed.length === 0 && <p className="muted small xq-none">No type is called so.</p>}
        </div>
      </div>
      <div className="row between">
        <Button appearance="subtle" disabled={types.length === 0} onClick={() => onChange([])}>Clear all</Button>
        <Button appearance="primary" onClick={onDone}>Done</Button>
      </div>
    </div>
  )
}
