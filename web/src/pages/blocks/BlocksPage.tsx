import { Select } from '@fluentui/react-components'
import { ProhibitedRegular } from '@fluentui/react-icons'
import { useInfiniteQuery } from '@tanstack/react-query'
import { Link, useNavigate, useSearch } from '@tanstack/react-router'
import type { ColumnDef } from '@tanstack/react-table'
import { useCallback } from 'react'
import { blockPage, blocksQuery } from '../../api/queries/blocks'
import type { ApplicationBlock } from '../../api/types'
import { Instant } from '../../components/Instant'
import { ExportButton } from '../../components/ExportButton'
import { ListBody } from '../../components/ListBody'
import { PageHeader } from '../../components/PageHeader'
import { EmptyState } from '../../components/states'
import { useColumnChoice } from '../../components/useColumnChoice'
import { exportPages } from '../../lib/exportPages'
import { formatCount } from '../../lib/format'
import { BLOCK_STATES, blocksAsked, type BlocksSearch } from '../../lib/remediationSearch'
import { Chip } from '../vulnerabilities/Chips'
import { BlockMode, BlockState } from './badges'
import { BlockPanel } from './BlockPanel'
import { STATE_WORDS } from './words'

const COLUMNS: ColumnDef<ApplicationBlock>[] = [
  { id: 'title', header: 'Software', accessorKey: 'title', size: 220, meta: { grow: 3 } },
  { id: 'mode', header: 'What it does', size: 120, cell: ({ row }) => <BlockMode mode={row.original.mode} /> },
  { id: 'state', header: 'State', size: 120, meta: { wide: true }, cell: ({ row }) => <BlockState state={row.original.state} /> },
  { id: 'where', header: 'Where', size: 130, meta: { grow: 1, wide: true }, cell: ({ row }) => row.original.device_group || <span className="muted">every device</span> },
  { id: 'affected', header: 'Have it', size: 90, meta: { align: 'end', wide: true, hint: 'Devices that have a version within the range, by their inventories' }, cell: ({ row }) => formatCount(row.original.devices.affected) },
  { id: 'enforced', header: 'Blocked', size: 90, meta: { align: 'end', wide: true }, cell: ({ row }) => formatCount(row.original.devices.enforced) },
  { id: 'watched', header: 'Watched', size: 90, meta: { align: 'end', wide: true }, cell: ({ row }) => formatCount(row.original.devices.watched) },
  { id: 'trouble', header: 'Not done', size: 90, meta: { align: 'end', wide: true, hint: 'Refused, reported only, or failed' }, cell: ({ row: { original: { devices: d } } }) => formatCount(d.refused + d.detect_only + d.disarmed + d.failed) },
  { id: 'by', header: 'By', accessorKey: 'created_by', size: 130, meta: { grow: 1, wide: true } },
  { id: 'until', header: 'Until', size: 125, meta: { wide: true }, cell: ({ row }) => <Instant at={row.original.expires_at} show="age" /> },
]

/** What a file has of each. */
const FIELDS = ['title', 'mode', 'state', 'subject_type', 'subject', 'device_group', 'message', 'note', 'created_by', 'created_at', 'expires_at', 'ended_at', 'devices', 'id'] as const

/** Vulnerable software that is warned of or blocked until it is fixed. */
export function BlocksPage() {
  const search = useSearch({ from: '/inside/application-blocks' })
  const navigate = useNavigate({ from: '/application-blocks' })
  const asked = blocksAsked(search)
  const list = useInfiniteQuery(blocksQuery(asked))
  const change = useCallback((next: Partial<BlocksSearch>) => void navigate({ search: (old) => ({ ...old, ...next }), replace: true }), [navigate])
  const { visibility, menu } = useColumnChoice('blocks', COLUMNS)
  const filtered = Boolean(search.state || search.mode)
  return (
    <div className="page">
      <PageHeader title="Application blocks" count={list.data?.pages[0]?.total} actions={<><ExportButton make={() => exportPages('application-blocks', FIELDS, (cursor) => blockPage(asked, 1000, cursor))} />{menu}</>}>
        Vulnerable software that people are warned of, or that does not start, until it is fixed. A rule ends by itself once no device has the software any more.
      </PageHeader>
      <div className="filters" role="search" aria-label="Filter application blocks">
        <Select size="small" aria-label="Which rules" value={search.state ?? 'active'} onChange={(_, d) => change({ state: d.value === 'active' ? undefined : (d.value as BlocksSearch['state']) })}>
          {BLOCK_STATES.map((state) => <option key={state} value={state}>{STATE_WORDS[state]}</option>)}
          <option value="all">All</option>
        </Select>
        <Chip on={search.mode === 'warn'} onChange={(on) => change({ mode: on ? 'warn' : undefined })}>Warns</Chip>
        <Chip on={search.mode === 'block'} onChange={(on) => change({ mode: on ? 'block' : undefined })}>Blocks</Chip>
      </div>
      <ListBody
        what="application blocks"
        list={list}
        columns={COLUMNS}
        rowId={(r) => r.id}
        selected={search.panel}
        onOpen={(r) => change({ panel: r.id })}
        visibility={visibility}
        asked={asked}
        kept="Rules hold on devices as they are."
        nothing={
          <EmptyState icon={<ProhibitedRegular />} title={filtered ? 'No rule matches' : 'Nothing is blocked'} action={!filtered && <Link className="link" to="/weaknesses">Weaknesses</Link>}>
            {filtered ? 'Choose other rules to see more.' : 'Open a weakness or a recommendation and choose “Warn or block”. A rule warns for a day before it may block.'}
          </EmptyState>
        }
      />
      <BlockPanel id={search.panel} onClose={() => change({ panel: undefined })} />
    </div>
  )
}
