import { Select } from '@fluentui/react-components'
import { ShieldCheckmarkRegular } from '@fluentui/react-icons'
import { useInfiniteQuery } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import type { ColumnDef } from '@tanstack/react-table'
import { useCallback } from 'react'
import { recommendationsQuery } from '../../api/queries/vulnerabilities'
import type { SecurityRecommendation } from '../../api/types'
import { CsvLink, ListBody } from '../../components/ListBody'
import { PageHeader } from '../../components/PageHeader'
import { Severity } from '../../components/Severity'
import { EmptyState } from '../../components/states'
import { formatCount } from '../../lib/format'
import { queryOf, type RecommendationsSearch, REMEDIATIONS } from '../../lib/vulnerabilitySearch'
import { Chip, Filters, SeverityChips } from './Chips'
import { FeedAlarms } from './Feeds'
import { RecommendationPanel } from './RecommendationPanel'
import { recommendationTitle, REMEDIATION_WORDS, RESTART_WORDS, scoreText } from './words'

const STATUS: Record<string, string> = { active: 'Active', partial_exception: 'Partly excepted', full_exception: 'Excepted' }

const COLUMNS: ColumnDef<SecurityRecommendation>[] = [
  { id: 'product', header: 'Recommendation', size: 220, meta: { grow: 3 }, accessorFn: recommendationTitle },
  { id: 'severity', header: 'Severity', size: 110, cell: ({ row }) => <Severity severity={row.original.severity} /> },
  { id: 'effect', header: 'Impact', size: 90, meta: { align: 'end', hint: 'By how much the exposure falls once it is done everywhere' }, cell: ({ row }) => scoreText(row.original.exposure_impact) },
  { id: 'secure', header: 'Secure score', size: 105, enableSorting: false, meta: { align: 'end', wide: true, hint: 'By how much the secure score rises once it is done everywhere' }, cell: ({ row }) => scoreText(row.original.secure_score_impact) },
  { id: 'devices', header: 'Devices', size: 90, meta: { align: 'end', wide: true }, cell: ({ row }) => formatCount(row.original.exposed_devices) },
  { id: 'vulnerabilities', header: 'Vulnerabilities', size: 120, meta: { align: 'end', wide: true }, cell: ({ row }) => formatCount(row.original.weaknesses) },
  { id: 'threats', header: 'Threats', size: 150, enableSorting: false, meta: { grow: 1, wide: true }, cell: ({ row }) => threats(row.original) || <span className="muted">none known</span> },
  { id: 'release', header: 'System', size: 100, enableSorting: false, meta: { wide: true }, accessorKey: 'release' },
  { id: 'restart', header: 'Restart', size: 150, enableSorting: false, meta: { wide: true }, accessorFn: (r) => RESTART_WORDS[r.restart] ?? r.restart },
  { id: 'status', header: 'Status', size: 110, enableSorting: false, meta: { wide: true }, cell: ({ row }) => STATUS[row.original.status] ?? row.original.status },
]

const threats = (r: SecurityRecommendation): string => [r.exploited && 'exploited now', r.public_exploit && 'public exploit'].filter(Boolean).join(', ')

/** What to do, most effect first. */
export function RecommendationsPage() {
  const { panel, ...asked } = useSearch({ from: '/inside/recommendations' })
  const navigate = useNavigate({ from: '/recommendations' })
  const list = useInfiniteQuery(recommendationsQuery(asked))
  const change = useCallback((next: Partial<RecommendationsSearch>) => void navigate({ search: (old) => ({ ...old, ...next }), replace: true }), [navigate])
  const filtered = Boolean(asked.search || asked.remediation_type || asked.severity || asked.exploited !== undefined || asked.excepted)
  const clear = () => change({ search: undefined, remediation_type: undefined, severity: undefined, exploited: undefined, excepted: undefined })
  return (
    <div className="page">
      <PageHeader title="Recommendations" count={list.data?.pages[0]?.total} actions={<CsvLink href={`/api/v1/recommendations?${queryOf({ ...asked, format: 'csv' })}`} />} />
      <FeedAlarms />
      <Filters label="recommendations" placeholder="Software, version" search={asked.search} onSearch={(search) => change({ search })} filtered={filtered} onClear={clear}>
        <SeverityChips chosen={asked.severity} onChange={(severity) => change({ severity })} />
        <Select size="small" aria-label="What to do" value={asked.remediation_type ?? ''} onChange={(_, d) => change({ remediation_type: d.value || undefined })}>
          <option value="">Everything to do</option>
          {REMEDIATIONS.map((kind) => <option key={kind} value={kind}>{REMEDIATION_WORDS[kind]}</option>)}
        </Select>
        <Chip on={asked.exploited === true} onChange={(on) => change({ exploited: on || undefined })}>Exploited now</Chip>
        <Chip on={asked.excepted === 'hide'} onChange={(on) => change({ excepted: on ? 'hide' : undefined })}>Without excepted ones</Chip>
      </Filters>
      <ListBody
        what="recommendations"
        list={list}
        columns={COLUMNS}
        rowId={(r) => r.id}
        selected={panel}
        onOpen={(r) => change({ panel: r.id })}
        sorting={[{ id: asked.sort ?? 'effect', desc: asked.order !== 'asc' }]}
        onSort={(next) => change(next as Partial<RecommendationsSearch>)}
        asked={asked}
        nothing={
          <EmptyState icon={<ShieldCheckmarkRegular />} title={filtered ? 'No recommendation matches' : 'There is nothing to recommend'}>
            {filtered ? 'Clear the filters to see all of them.' : 'Where feeds are missing or devices were not judged, that is no clean bill: the dashboard says which.'}
          </EmptyState>
        }
      />
      <RecommendationPanel id={panel} onClose={() => change({ panel: undefined })} />
    </div>
  )
}
