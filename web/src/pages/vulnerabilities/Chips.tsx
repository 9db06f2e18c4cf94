import { Button, SearchBox, ToggleButton } from '@fluentui/react-components'
import { DismissRegular } from '@fluentui/react-icons'
import type { ReactNode } from 'react'
import { Severity } from '../../components/Severity'
import { useSearchText } from '../../lib/hooks'
import { toggleWord } from '../../lib/search'

interface Props {
  label: string
  placeholder: string
  search: string | undefined
  onSearch: (text: string | undefined) => void
  filtered: boolean
  onClear: () => void
  children: ReactNode
}

/** The filters of a list: its search box, what else is chosen, and what clears them. */
export function Filters({ label, placeholder, search, onSearch, filtered, onClear, children }: Props) {
  const [text, setText] = useSearchText(search ?? '', (rested) => onSearch(rested || undefined), 250)
  return (
    <div className="filters" role="search" aria-label={`Filter ${label}`}>
      <SearchBox placeholder={placeholder} aria-label={`Search ${label}`} maxLength={200} value={text} onChange={(_, d) => setText(d.value)} />
      {children}
      {filtered && <Button size="small" appearance="subtle" icon={<DismissRegular />} onClick={onClear}>Clear</Button>}
    </div>
  )
}

/** Severities to choose. */
export function SeverityChips({ chosen, onChange }: { chosen: string | undefined; onChange: (next: string | undefined) => void }) {
  const has = (word: string) => (chosen ?? '').split(',').includes(word)
  return (
    <div className="row wrap" role="group" aria-label="Severity">
      {(['critical', 'high', 'medium', 'low', 'unknown'] as const).map((severity) => (
        <ToggleButton key={severity} size="small" shape="circular" checked={has(severity)} onClick={() => onChange(toggleWord(chosen, severity))}>
          <Severity severity={severity} />
        </ToggleButton>
      ))}
    </div>
  )
}

/** Something that holds or is not asked for. */
export function Chip({ on, onChange, children }: { on: boolean; onChange: (on: boolean) => void; children: ReactNode }) {
  return <ToggleButton size="small" shape="circular" checked={on} onClick={() => onChange(!on)}>{children}</ToggleButton>
}
