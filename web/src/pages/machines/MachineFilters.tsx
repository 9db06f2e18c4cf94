import { Button, SearchBox, Select, ToggleButton } from '@fluentui/react-components'
import { DismissRegular } from '@fluentui/react-icons'
import { useQuery } from '@tanstack/react-query'
import { connectorsQuery } from '../../api/queries/connectors'
import { healthSummaryQuery } from '../../api/queries/health'
import { useMay } from '../../api/queries/session'
import { subscriptionsQuery } from '../../api/queries/usage'
import { StatusBadge } from '../../components/StatusBadge'
import { formatCount } from '../../lib/format'
import { useSearchText } from '../../lib/hooks'
import { AGENTLESS_STATES, FINDING_KINDS, STATUSES, toggleWord, type MachinesSearch } from '../../lib/search'
import { agentlessWord } from '../agentless/words'
import { KIND_WORDS } from './words'

interface Props {
  search: MachinesSearch
  onChange: (next: Partial<MachinesSearch>) => void
}

/** What clears the filters; the order stays. */
export const NO_FILTER: Partial<MachinesSearch> = {
  search: undefined, status: undefined, finding: undefined, kind: undefined, subscription: undefined, connector: undefined, agentless: undefined, gone: undefined,
}
export const isFiltered = (search: MachinesSearch): boolean => Object.keys(NO_FILTER).some((key) => search[key as keyof MachinesSearch])

/** Search, chips and choices; each is in the address. */
export function MachineFilters({ search, onChange }: Props) {
  const [text, setText] = useSearchText(search.search ?? '', (rested) => onChange({ search: rested || undefined }), 250)
  const summary = useQuery(healthSummaryQuery).data
  const whole = useMay('estate.read')
  const subscriptions = useQuery({ ...subscriptionsQuery, enabled: whole }).data?.items ?? []
  const connectors = useQuery({ ...connectorsQuery, enabled: whole }).data?.items ?? []
  const findings = summary?.findings ?? []
  const has = (word: string) => (search.status ?? '').split(',').includes(word)
  return (
    <div className="filters" role="search" aria-label="Filter machines">
      <SearchBox placeholder="Name, address, tag, identifier" aria-label="Search machines" maxLength={200} value={text} onChange={(_, d) => setText(d.value)} />
      <div className="row wrap" role="group" aria-label="Status">
        {STATUSES.map((status) => (
          <ToggleButton key={status} size="small" shape="circular" checked={has(status)} onClick={() => onChange({ status: toggleWord(search.status, status) })}>
            <StatusBadge status={status} />
            {summary && <>&nbsp;<span className="nums">{formatCount(summary.machines[status])}</span></>}
          </ToggleButton>
        ))}
      </div>
      <Select size="small" aria-label="Kind of finding" value={search.kind ?? ''} onChange={(_, d) => onChange({ kind: d.value || undefined })}>
        <option value="">Findings of every kind</option>
        {FINDING_KINDS.map((kind) => <option key={kind} value={kind}>{KIND_WORDS[kind]}</option>)}
      </Select>
      <Select size="small" aria-label="Finding" className="filter-select" value={search.finding ?? ''} onChange={(_, d) => onChange({ finding: d.value || undefined })}>
        <option value="">Every finding</option>
        {search.finding && !findings.some((f) => f.code === search.finding) && <option value={search.finding}>{search.finding}</option>}
        {findings.map((f) => <option key={f.code} value={f.code}>{f.title} ({f.machines})</option>)}
      </Select>
      {(subscriptions.length > 1 || search.subscription) && (
        <Select size="small" aria-label="Subscription" value={search.subscription ?? ''} onChange={(_, d) => onChange({ subscription: d.value || undefined })}>
          <option value="">Every subscription</option>
          {search.subscription && !subscriptions.some((s) => s.id === search.subscription) && <option value={search.subscription}>{search.subscription}</option>}
          {subscriptions.map((s) => <option key={s.id} value={s.id}>{s.name}</option>)}
        </Select>
      )}
      {(connectors.length > 0 || search.connector) && (
        <Select size="small" aria-label="Connector" value={search.connector ?? ''} onChange={(_, d) => onChange({ connector: d.value || undefined })}>
          <option value="">Every connector, and none</option>
          {search.connector && !connectors.some((c) => c.id === search.connector) && <option value={search.connector}>{search.connector}</option>}
          {connectors.map((c) => <option key={c.id} value={c.id}>{c.name}</option>)}
        </Select>
      )}
      <Select size="small" aria-label="Agentless scan" value={search.agentless ?? ''} onChange={(_, d) => onChange({ agentless: d.value || undefined })}>
        <option value="">However scanned</option>
        {search.agentless?.includes(',') && <option value={search.agentless}>{search.agentless.split(',').map(agentlessWord).join(', ')}</option>}
        {AGENTLESS_STATES.map((state) => <option key={state} value={state}>{agentlessWord(state)}</option>)}
      </Select>
      <ToggleButton size="small" shape="circular" checked={search.gone ?? false} onClick={() => onChange({ gone: search.gone ? undefined : true })}>
        Deleted ones too
      </ToggleButton>
      {isFiltered(search) && (
        <Button size="small" appearance="subtle" icon={<DismissRegular />} onClick={() => onChange(NO_FILTER)}>Clear</Button>
      )}
    </div>
  )
}
