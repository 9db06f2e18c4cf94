import { Dropdown, Field, Option, Select } from '@fluentui/react-components'
import { useQuery } from '@tanstack/react-query'
import { groupsQuery } from '../api/queries/groups'

interface Props {
  /** Null: all devices. */
  value: string[] | null
  onChange: (value: string[] | null) => void
  /** Why no limit can be chosen; the reader is told. */
  never?: string
}

/** All devices, or those of some device groups. */
export function GroupPicker({ value, onChange, never }: Props) {
  const groups = useQuery(groupsQuery).data?.items ?? []
  const hint = never ?? (groups.length === 0 ? 'There is no device group yet: make one under Device groups.' : undefined)
  const chosen = groups.filter((group) => value?.includes(group.id)).map((group) => group.name)
  return (
    <>
      <Field label="Sees" hint={hint}>
        <Select
          value={value ? 'groups' : 'all'}
          disabled={hint !== undefined && value === null}
          onChange={(_, d) => onChange(d.value === 'all' ? null : [])}
        >
          <option value="all">All devices</option>
          <option value="groups">Some device groups</option>
        </Select>
      </Field>
      {value && (
        <Field label="Device groups" hint={value.length === 0 ? 'Without a group no device is seen.' : undefined}>
          <Dropdown
            multiselect
            placeholder="None"
            value={chosen.join(', ')}
            selectedOptions={value}
            onOptionSelect={(_, d) => onChange(d.selectedOptions)}
          >
            {groups.map((group) => <Option key={group.id} value={group.id} text={group.name}>{group.name}</Option>)}
          </Dropdown>
        </Field>
      )}
    </>
  )
}
