import { Dropdown, Option } from '@fluentui/react-components'
import { HistoryRegular } from '@fluentui/react-icons'
import { useInfiniteQuery } from '@tanstack/react-query'
import { Link, useNavigate, useSearch } from '@tanstack/react-router'
import type { ColumnDef } from '@tanstack/react-table'
import { useCallback } from 'react'
import { eventsQuery } from '../../api/queries/notifications'
import type { VulnerabilityEvent } from '../../api/types'
import { Instant } from '../../components/Instant'
import { InstantInput } from '../../components/InstantInput'
import { CsvLink, ListBody } from '../../components/ListBody'
import { PageHeader } from '../../components/PageHeader'
import { Severity } from '../../components/Severity'
import { SidePanel } from '../../components/SidePanel'
import { EmptyState } from '../../components/states'
import { useColumnChoice } from '../../components/useColumnChoice'
import { formatCount, humanise } from '../../lib/format'
import { EVENT_KINDS, type EventsSearch } from '../../lib/notificationSearch'
import { queryOf } from '../../lib/vulnerabilitySearch'
import { Filters, SeverityChips } from '../vulnerabilities/Chips'
import { Facts } from '../vulnerabilities/Facts'
import { scoreText } from '../vulnerabilities/words'
import { effectText, KIND_WORDS, subjectLink } from './words'

const COLUMNS: ColumnDef<VulnerabilityEvent>[] = [
  { id: 'at', header: 'Time', size: 165, enableSorting: true, cell: ({ row }) => <Instant at={row.original.at} /> },
  { id: 'title', header: 'What happened', accessorKey: 'title', size: 220, enableSorting: false, meta: { grow: 3 } },
  { id: 'kind', header: 'Kind', size: 170, enableSorting: false, meta: { wide: true }, accessorFn: (e) => KIND_WORDS[e.kind] ?? humanise(e.kind) },
  { id: 'severity', header: 'Severity', size: 110, enableSorting: false, meta: { wide: true }, cell: ({ row }) => (row.original.severity ? <Severity severity={row.original.severity} /> : '') },
  { id: 'exploited', header: 'Exploited', size: 95, enableSorting: false, meta: { wide: true }, cell: ({ row }) => (row.original.exploited ? <b>yes</b> : '') },
  { id: 'devices', header: 'Devices', size: 90, enableSorting: false, meta: { align: 'end', wide: true }, cell: ({ row }) => (row.original.devices ? formatCount(row.original.devices) : '') },
  { id: 'effect', header: 'Exposure', size: 95, enableSorting: false, meta: { align: 'end', wide: true, hint: 'By how much the organisation’s exposure moved' }, cell: ({ row }) => effectText(row.original.effect) },
]

/** What happened to vulnerabilities, software, exceptions, remediations and feeds, in its order. */
export function EventsPage() {
  const { panel, ...asked } = useSearch({ from: '/inside/events' })
  const navigate = useNavigate({ from: '/events' })
  const list = useInfiniteQuery(eventsQuery(asked))
  const change = useCallback((next: Partial<EventsSearch>) => void navigate({ search: (old) => ({ ...old, ...next }), replace: true }), [navigate])
  const { visibility, menu } = useColumnChoice('vulnerability-events', COLUMNS)
  const filtered = Boolean(asked.search || asked.kind || asked.severity || asked.subject || asked.since || asked.until)
  const kinds = (asked.kind ?? '').split(',').filter(Boolean)
  const open = list.data?.pages.flatMap((page) => page.items).find((e) => e.id === panel)
  return (
    <div className="page">
      <PageHeader title="Event timeline" count={list.data?.pages[0]?.total} actions={<><CsvLink href={`/api/v1/vulnerability-events?${queryOf({ ...asked, format: 'csv' })}`} />{menu}</>}>
        What changed, and what it did to the exposure. <Link className="link" to="/settings/notifications">Notification rules</Link> tell of it.
      </PageHeader>
      <Filters
        label="events"
        placeholder="CVE, software, title"
        search={asked.search}
        onSearch={(search) => change({ search })}
        filtered={filtered}
        onClear={() => change({ search: undefined, kind: undefined, severity: undefined, subject: undefined, since: undefined, until: undefined })}
      >
        <SeverityChips chosen={asked.severity} onChange={(severity) => change({ severity })} />
        <Dropdown
          size="small"
          multiselect
          className="filter-select"
          aria-label="Kinds of event"
          placeholder="Every kind"
          value={kinds.map((k) => KIND_WORDS[k]).join(', ')}
          selectedOptions={kinds}
          onOptionSelect={(_, d) => change({ kind: d.selectedOptions.length ? EVENT_KINDS.filter((k) => d.selectedOptions.includes(k)).join(',') : undefined })}
        >
          {EVENT_KINDS.map((kind) => <Option key={kind} value={kind}>{KIND_WORDS[kind]!}</Option>)}
        </Dropdown>
        <span className="row small">From <InstantInput label="From" value={asked.since} onChange={(since) => change({ since })} /></span>
        <span className="row small">Until <InstantInput label="Until" value={asked.until} onChange={(until) => change({ until })} /></span>
      </Filters>
      <ListBody
        what="events"
        list={list}
        columns={COLUMNS}
        rowId={(e) => e.id}
        selected={panel}
        onOpen={(e) => change({ panel: e.id })}
        sorting={[{ id: 'at', desc: asked.order !== 'asc' }]}
        onSort={({ order }) => change({ order: order === 'asc' ? 'asc' : undefined })}
        visibility={visibility}
        asked={asked}
        kept="Events go on being kept."
        nothing={
          <EmptyState icon={<HistoryRegular />} title={filtered ? 'No event matches' : 'Nothing has happened yet'}>
            {filtered ? 'Clear the filters to see all of them.' : 'Events come once devices are judged: a vulnerability is found or fixed, an exploit appears, an exception ends.'}
          </EmptyState>
        }
      />
      <SidePanel open={open !== undefined} title={open?.title ?? ''} onClose={() => change({ panel: undefined })} actions={open && <Related event={open} />}>
        {open && <Details of={open} />}
      </SidePanel>
    </div>
  )
}

function Related({ event }: { event: VulnerabilityEvent }) {
  const link = subjectLink(event)
  return (
    <>
      {link && <Link className="link" {...link}>{humanise(event.subject_type)}</Link>}
      {event.subject && <Link className="link" to="/events" search={{ subject: event.subject }}>All that happened to it</Link>}
    </>
  )
}

function Details({ of: e }: { of: VulnerabilityEvent }) {
  return (
    <div className="stack">
      <div className="row wrap">{e.severity && <Severity severity={e.severity} />}{e.exploited && <b>Exploited now</b>}<span className="muted">{KIND_WORDS[e.kind] ?? humanise(e.kind)}</span></div>
      <dl className="fields">
        <div className="field"><dt>Time</dt><dd><Instant at={e.at} millis /></dd></div>
        {e.subject && <div className="field"><dt>About</dt><dd><span className="break">{e.subject}</span></dd></div>}
        {e.devices > 0 && <div className="field"><dt>Devices</dt><dd>{formatCount(e.devices)}</dd></div>}
        {e.exposure_after !== null && (
          <div className="field"><dt>Exposure</dt><dd>{scoreText(e.exposure_before)} → {scoreText(e.exposure_after)}{e.effect !== null ? `, ${effectText(e.effect)} by this` : ', with other events of the same time'}</dd></div>
        )}
      </dl>
      <Facts title="What else is known of it" facts={e.detail} />
    </div>
  )
}
