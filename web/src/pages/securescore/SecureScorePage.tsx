import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { Link, useNavigate, useSearch } from '@tanstack/react-router'
import type { ColumnDef } from '@tanstack/react-table'
import { useCallback } from 'react'
import { scoredDevicesQuery, secureScoreQuery } from '../../api/queries/baselines'
import type { DeviceSecureScore, SecureCategories } from '../../api/types'
import { ErrorBar } from '../../components/ErrorBar'
import { Instant } from '../../components/Instant'
import { CsvLink, ListBody } from '../../components/ListBody'
import { PageHeader } from '../../components/PageHeader'
import { EmptyState } from '../../components/states'
import type { SecureScoreSearch } from '../../lib/baselineSearch'
import { queryOf } from '../../lib/vulnerabilitySearch'
import { CATEGORY_WORDS } from '../baselines/words'
import { Filters } from '../vulnerabilities/Chips'
import { scoreText } from '../vulnerabilities/words'
import { Categories, Costs } from './Categories'
import { ScoreCourse } from './ScoreCourse'

const COLUMNS: ColumnDef<DeviceSecureScore>[] = [
  { id: 'name', header: 'Device', size: 150, meta: { grow: 2 }, cell: ({ row: { original: { device } } }) => <Link className="link" tabIndex={-1} to="/devices/$deviceId/baseline" params={{ deviceId: device.id }}>{device.name}</Link> },
  { id: 'score', header: 'Secure score', size: 110, meta: { align: 'end' }, cell: ({ row }) => <b>{scoreText(row.original.score)}</b> },
  ...Object.entries(CATEGORY_WORDS).map(([key, header]): ColumnDef<DeviceSecureScore> => ({
    id: `of_${key}`, header, size: header.length * 7 + 28, meta: { align: 'end', wide: true }, cell: ({ row }) => scoreText(row.original.categories[key as keyof SecureCategories]),
  })),
  { id: 'os', header: 'System', size: 110, meta: { grow: 1, wide: true }, accessorFn: (d) => d.device.os },
  { id: 'at', header: 'Changed', size: 125, meta: { wide: true }, cell: ({ row }) => <Instant at={row.original.changed_at} show="age" /> },
]

/** The secure score: how it is made up, how it went, and every device, the lowest first. */
export function SecureScorePage() {
  const search = useSearch({ from: '/inside/secure-score' })
  const navigate = useNavigate({ from: '/secure-score' })
  const score = useQuery(secureScoreQuery)
  const list = useInfiniteQuery(scoredDevicesQuery(search.search))
  const change = useCallback((next: Partial<SecureScoreSearch>) => void navigate({ search: (old) => ({ ...old, ...next }), replace: true }), [navigate])
  return (
    <div className="page">
      <PageHeader title="Secure score" actions={<CsvLink href={`/api/v1/secure-score/devices?${queryOf({ search: search.search, format: 'csv' })}`} />}>
        {score.data ? <>Now <b>{scoreText(score.data.score)}</b> of 100, higher is better. Computed <Instant at={score.data.time} show="age" />.</> : 'How well machines are set up, by their baselines.'}
      </PageHeader>
      <ErrorBar what="The secure score could not be read" error={score.error} retry={() => void score.refetch()} />
      <div className="cards whole-bar">
        <ScoreCourse range={search.range ?? '30d'} now={score.data?.score ?? null} onRange={(range) => change({ range: range === '30d' ? undefined : range })} />
        {score.data && <section className="card" aria-label="By category"><h2 className="card-title">By category</h2><Categories of={score.data.categories} /></section>}
        {score.data && <section className="card" aria-label="What costs most"><h2 className="card-title">What costs most</h2><Costs of={score.data.costs} most={5} /></section>}
      </div>
      <Filters label="scored devices" placeholder="Name" search={search.search} onSearch={(text) => change({ search: text })} filtered={Boolean(search.search)} onClear={() => change({ search: undefined })}>{null}</Filters>
      <div className="list-frame">
        <ListBody
          what="scored devices"
          list={list}
          columns={COLUMNS}
          rowId={(d) => d.device.id}
          onOpen={(d) => void navigate({ to: '/devices/$deviceId/baseline', params: { deviceId: d.device.id } })}
          asked={search.search}
          nothing={<EmptyState title={search.search ? 'No device matches' : 'No device was compared with a baseline yet'}>{search.search ? 'Clear the filter to see all of them.' : 'Sensors do so soon after they enrol.'}</EmptyState>}
        />
      </div>
    </div>
  )
}
