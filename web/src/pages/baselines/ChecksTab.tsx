import { useInfiniteQuery } from '@tanstack/react-query'
import type { ColumnDef } from '@tanstack/react-table'
import { profileChecksQuery } from '../../api/queries/baselines'
import type { ProfileCheck, BaselineProfile } from '../../api/types'
import { CsvLink, ListBody } from '../../components/ListBody'
import { Severity } from '../../components/Severity'
import { EmptyState } from '../../components/states'
import { useColumnChoice } from '../../components/useColumnChoice'
import type { BaselineSearch } from '../../lib/baselineSearch'
import { formatCount } from '../../lib/format'
import { queryOf } from '../../lib/vulnerabilitySearch'
import { CheckFilters, isFiltered } from './CheckFilters'
import { CheckPanel } from './CheckPanel'
import { CATEGORY_WORDS, valuesText } from './words'

const count = (id: 'compliant' | 'not_compliant' | 'not_applicable' | 'not_evaluated', header: string, wide = true): ColumnDef<ProfileCheck> => ({
  id, header, size: header.length * 7 + 24, meta: { align: 'end', wide }, cell: ({ row }) => formatCount(row.original[id]),
})
const COLUMNS: ColumnDef<ProfileCheck>[] = [
  { id: 'title', header: 'Check', accessorKey: 'title', size: 240, meta: { grow: 3 } },
  { id: 'severity', header: 'Severity', size: 110, cell: ({ row }) => <Severity severity={row.original.severity} /> },
  count('not_compliant', 'Not compliant', false),
  count('compliant', 'Compliant'),
  count('not_evaluated', 'Not told'),
  count('not_applicable', 'Not applicable'),
  { id: 'category', header: 'Category', size: 140, meta: { wide: true }, accessorFn: (c) => CATEGORY_WORDS[c.category] ?? c.category },
  { id: 'level', header: 'Level', accessorKey: 'level', size: 70, meta: { align: 'end', wide: true } },
  { id: 'values', header: 'Thresholds', size: 110, meta: { grow: 1, wide: true }, accessorFn: (c) => valuesText(c.values) },
  { id: 'id', header: 'Identifier', accessorKey: 'id', size: 180, meta: { grow: 1, wide: true, mono: true } },
]

interface Props {
  profile: BaselineProfile
  search: BaselineSearch
  onChange: (next: Partial<BaselineSearch>) => void
}

/** Every check of a profile with what devices said. */
export function ChecksTab({ profile, search, onChange }: Props) {
  const asked = { search: search.search, severity: search.severity, category: search.category, state: search.state }
  const list = useInfiniteQuery(profileChecksQuery(profile.id, asked))
  const { visibility, menu } = useColumnChoice('baseline-checks', COLUMNS)
  const open = list.data?.pages.flatMap((page) => page.items).find((c) => c.id === search.panel)
  return (
    <>
      <div className="row between wrap">
        <CheckFilters asked={asked} onChange={onChange} />
        <div className="row"><CsvLink href={`/api/v1/baseline-profiles/${encodeURIComponent(profile.id)}/checks?${queryOf({ ...asked, format: 'csv' })}`} />{menu}</div>
      </div>
      <ListBody
        what="checks"
        list={list}
        columns={COLUMNS}
        rowId={(c) => c.id}
        selected={search.panel}
        onOpen={(c) => onChange({ panel: c.id })}
        visibility={visibility}
        asked={asked}
        nothing={<EmptyState title={isFiltered(asked) ? 'No check matches' : 'The profile has no check'}>{isFiltered(asked) ? 'Clear the filters to see all of them.' : 'Switch some on under “Checks and thresholds chosen”.'}</EmptyState>}
      />
      <CheckPanel profile={profile.id} id={search.panel} result={open} onClose={() => onChange({ panel: undefined })} />
    </>
  )
}
