import { Button, SearchBox, Select, ToggleButton, Tooltip } from '@fluentui/react-components'
import { ArrowClockwiseRegular } from '@fluentui/react-icons'
import { InstantInput } from '../../components/InstantInput'
import { useSearchText } from '../../lib/hooks'
import { EVENT_TABLES, type TimelineSearch, toggleWord } from '../../lib/search'
import { TIMELINE_TABLES } from '../../lib/tables'
import { type RangeKey, rangeStart } from '../../lib/time'

const LABELS: Record<RangeKey, string> = { '1h': 'Last hour', '24h': 'Last 24 hours', '7d': 'Last 7 days', '30d': 'Last 30 days' }

interface Props {
  search: TimelineSearch
  onChange: (next: Partial<TimelineSearch>) => void
  onRefresh: () => void
}

/** Time range, tables and words; all of it lives in the address. */
export function TimelineFilters({ search, onChange, onRefresh }: Props) {
  const [text, setText] = useSearchText(search.search ?? '', (rested) => onChange({ search: rested || undefined }), 300)
  const custom = search.from !== undefined || search.to !== undefined
  const chosen = (search.tables ?? '').split(',')

  return (
    <div className="filters" role="search" aria-label="Filter events">
      <SearchBox placeholder="Command, file, address…" aria-label="Search events" maxLength={200} value={text} onChange={(_, d) => setText(d.value)} />
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
          <InstantInput label="From, local time" value={search.from} onChange={(from) => onChange({ from })} />
          <InstantInput label="To, local time" value={search.to} onChange={(to) => onChange({ to })} />
        </>
      )}
      <div className="row wrap" role="group" aria-label="Kinds of events">
        {EVENT_TABLES.map((name) => (
          <ToggleButton
            key={name}
            size="small"
            shape="circular"
            icon={<>{TIMELINE_TABLES[name].icon}</>}
            checked={chosen.includes(name)}
            onClick={() => onChange({ tables: toggleWord(search.tables, name) })}
          >
            {TIMELINE_TABLES[name].label}
          </ToggleButton>
        ))}
      </div>
      <Tooltip content="Read again" relationship="label">
        <Button appearance="subtle" icon={<ArrowClockwiseRegular />} onClick={onRefresh} />
      </Tooltip>
    </div>
  )
}
