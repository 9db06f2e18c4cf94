import { Select } from '@fluentui/react-components'
import { CHECK_CATEGORIES, CHECK_SEVERITIES, CHECK_STATES, type ChecksAsked, type CheckState } from '../../lib/baselineSearch'
import { toggleWord } from '../../lib/search'
import { Severity } from '../../components/Severity'
import { Chip, Filters } from '../vulnerabilities/Chips'
import { CATEGORY_WORDS, STATE_WORDS } from './words'

export const isFiltered = (asked: ChecksAsked): boolean => Boolean(asked.search || asked.severity || asked.category || asked.state)

/** Filters of checks; each is in the address. */
export function CheckFilters({ asked, onChange }: { asked: ChecksAsked; onChange: (next: ChecksAsked) => void }) {
  const has = (word: string) => (asked.severity ?? '').split(',').includes(word)
  return (
    <Filters label="checks" placeholder="Title, identifier" search={asked.search} onSearch={(search) => onChange({ search })} filtered={isFiltered(asked)} onClear={() => onChange({ search: undefined, severity: undefined, category: undefined, state: undefined })}>
      <div className="row wrap" role="group" aria-label="Severity">
        {CHECK_SEVERITIES.map((severity) => (
          <Chip key={severity} on={has(severity)} onChange={() => onChange({ severity: toggleWord(asked.severity, severity) })}><Severity severity={severity} /></Chip>
        ))}
      </div>
      <Select size="small" aria-label="Result" value={asked.state ?? ''} onChange={(_, d) => onChange({ state: (d.value || undefined) as CheckState | undefined })}>
        <option value="">Every result</option>
        {CHECK_STATES.map((state) => <option key={state} value={state}>{STATE_WORDS[state]}</option>)}
      </Select>
      <Select size="small" aria-label="Category" value={asked.category ?? ''} onChange={(_, d) => onChange({ category: (d.value || undefined) as ChecksAsked['category'] })}>
        <option value="">Every category</option>
        {CHECK_CATEGORIES.map((category) => <option key={category} value={category}>{CATEGORY_WORDS[category]}</option>)}
      </Select>
    </Filters>
  )
}
