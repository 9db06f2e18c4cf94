import { Button, SearchBox, Select, ToggleButton } from '@fluentui/react-components'
import { DismissRegular } from '@fluentui/react-icons'
import { useQuery } from '@tanstack/react-query'
import { useRef } from 'react'
import { groupsQuery } from '../../api/queries/groups'
import type { Device } from '../../api/types'
import { HealthBadge } from '../../components/HealthBadge'
import { useSearchText } from '../../lib/hooks'
import { type DevicesSearch, HEALTHS, toggleWord } from '../../lib/search'

interface Props {
  search: DevicesSearch
  devices: Device[]
  onChange: (next: Partial<DevicesSearch>) => void
}

const has = (list: string | undefined, word: string) => (list ?? '').split(',').includes(word)

/** Search and chips. The systems on offer are those that the list has shown and those chosen. */
export function DeviceFilters({ search, devices, onChange }: Props) {
  const [text, setText] = useSearchText(search.search ?? '', (rested) => onChange({ search: rested || undefined }), 250)
  const seen = useRef(new Set<string>())
  for (const os of [...devices.map((d) => d.os_distribution), ...(search.os ?? '').split(',')]) if (os) seen.current.add(os)
  const systems = [...seen.current].sort()
  const filtered = Boolean(search.search || search.health || search.os || search.group || search.onboarding)
  const groups = useQuery(groupsQuery).data?.items ?? []

  return (
    <div className="filters" role="search" aria-label="Filter devices">
      <SearchBox placeholder="Name, address or device id" aria-label="Search devices" maxLength={200} value={text} onChange={(_, d) => setText(d.value)} />
      <div className="row wrap" role="group" aria-label="Health">
        {HEALTHS.map((health) => (
          <ToggleButton key={health} size="small" shape="circular" checked={has(search.health, health)} onClick={() => onChange({ health: toggleWord(search.health, health) })}>
            <HealthBadge health={health} />
          </ToggleButton>
        ))}
      </div>
      {systems.length > 0 && (
        <div className="row wrap" role="group" aria-label="System">
          {systems.map((os) => (
            <ToggleButton key={os} size="small" shape="circular" checked={has(search.os, os)} onClick={() => onChange({ os: toggleWord(search.os, os) })}>
              {os}
            </ToggleButton>
          ))}
        </div>
      )}
      {(groups.length > 0 || search.group) && (
        <Select size="small" aria-label="Device group" value={search.group ?? ''} onChange={(_, d) => onChange({ group: d.value || undefined })}>
          <option value="">Every device group</option>
          {search.group && !groups.some((group) => group.id === search.group) && <option value={search.group}>{search.group}</option>}
          {groups.map((group) => <option key={group.id} value={group.id}>{group.name}</option>)}
        </Select>
      )}
      <Select size="small" aria-label="Who tells of it" value={search.onboarding ?? ''} onChange={(_, d) => onChange({ onboarding: (d.value || undefined) as DevicesSearch['onboarding'] })}>
        <option value="">With and without a sensor</option>
        <option value="sensor">With a sensor</option>
        <option value="agentless">Scanned without a sensor</option>
      </Select>
      {filtered && (
        <Button size="small" appearance="subtle" icon={<DismissRegular />} onClick={() => onChange({ search: undefined, health: undefined, os: undefined, group: undefined, onboarding: undefined })}>
          Clear
        </Button>
      )}
    </div>
  )
}
