import { Button, Input, SearchBox, Select, ToggleButton, Tooltip } from '@fluentui/react-components'
import { ArrowClockwiseRegular } from '@fluentui/react-icons'
import { useEffect, useState } from 'react'
import { useDebounced } from '../../lib/hooks'
import { type TimelineSearch, toggleWord } from '../../lib/search'
import { TIMELINE_TABLES } from '../../lib/tables'
import { type RangeKey, fromLocalInput, rangeStart, toLocalInput } from '../../lib/time'

const LABELS: Record<RangeKey, string> = { '1h': 'Last hour', '24h': 'Last 24 hours', '7d': 'Last 7 days', '30d': 'Last 30 days' }

interface Props {
  search: TimelineSearch
  onChange: (next: Partial<TimelineSearch>) => void
  onRefresh: () => void
}

/** Time range, tables and words; all of it lives in the address. */
export function TimelineFilters({ search, onChange, onRefresh }: Props) {
  const [text, setText] = useState(search.search ?? '')
  const rested = useDebounced(text, 300)
  useEffect(() => setText(search.search ?? ''), [search.search])
  useEffect(() => {
    if (rested === text && rested !== (search.search ?? '')) onChange({ search: rested || undefined })
    // Only a rested text changes the address.
  }, [rested])
  const custom = search.from !== undefined || search.to !== undefined
  const chosen = (search.tables ?? '').split(',')

  return (
    <div className="filters" role="search" aria-label="Filter events">
      <SearchBox placeholder="Command, file, address…" aria-label="Search events" value={text} onChange={(_, d) => setText(d.value)} />
      <Select
        aria-label="Time range"
        value={custom ? 'custom' : (search.range ?? '24h')}
        onChange={(_, d) =>
          d.value === 'custom'
            ? onChange({ range: undefined, from: rangeStart(search.range ?? '24h', new Date()) })
            : onChange({ range: d.value as RangeKey, from: undefined, to: undefined })
        }
      >
        {Object.entries(LABELS).map(([key, label]) => <option key={key} value={key}>{label}</option>)}
        <option value="custom">From … to</option>
      </Select>
      {custom && (
        <>
          <Input type="datetime-local" step={1} aria-label="From, local time" value={toLocalInput(search.from)} onChange={(_, d) => onChange({ from: fromLocalInput(d.value) })} />
          <Input type="datetime-local" step={1} aria-label="To, local time" value={toLocalInput(search.to)} onChange={(_, d) => onChange({ to: fromLocalInput(d.value) })} />
        </>
      )}
      <div className="row wrap" role="group" aria-label="Kinds of events">
        {Object.entries(TIMELINE_TABLES).map(([name, { label, icon }]) => (
          <ToggleButton
            key={name}
            size="small"
            shape="circular"
            icon={<>{icon}</>}
            checked={chosen.includes(name)}
            onClick={() => onChange({ tables: toggleWord(search.tables, name) })}
          >
            {label}
          </ToggleButton>
        ))}
      </div>
      <Tooltip content="Read again" relationship="label">
        <Button appearance="subtle" icon={<ArrowClockwiseRegular />} onClick={onRefresh} />
      </Tooltip>
    </div>
  )
}
