import { Button, Select } from '@fluentui/react-components'
import { ArrowClockwiseRegular, SendRegular } from '@fluentui/react-icons'
import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import type { ColumnDef } from '@tanstack/react-table'
import { sentence } from '../../api/errors'
import { deliveriesQuery, deliveryQuery, rulesQuery, useRetryDelivery, webhooksQuery } from '../../api/queries/notifications'
import type { NotificationDelivery } from '../../api/types'
import { ErrorBar } from '../../components/ErrorBar'
import { Instant } from '../../components/Instant'
import { CsvLink, ListBody } from '../../components/ListBody'
import { SidePanel } from '../../components/SidePanel'
import { EmptyState, Loading } from '../../components/states'
import { DELIVERY_STATES, type NotificationsSearch } from '../../lib/notificationSearch'
import { queryOf } from '../../lib/vulnerabilitySearch'
import { Facts } from '../vulnerabilities/Facts'
import { DeliveryState } from './badges'
import { DELIVERY_WORDS, TYPE_WORDS } from './words'

const COLUMNS: ColumnDef<NotificationDelivery>[] = [
  { id: 'created', header: 'Queued', size: 165, cell: ({ row }) => <Instant at={row.original.created_at} /> },
  { id: 'state', header: 'State', size: 150, cell: ({ row }) => <DeliveryState state={row.original.state} /> },
  { id: 'title', header: 'What', size: 180, meta: { grow: 2, wide: true }, accessorFn: (d) => d.title || TYPE_WORDS[d.type] || d.type },
  { id: 'webhook', header: 'To', accessorKey: 'webhook', size: 130, meta: { grow: 1, wide: true } },
  { id: 'rule', header: 'By rule', size: 130, meta: { grow: 1, wide: true }, cell: ({ row }) => row.original.rule || <span className="muted">{TYPE_WORDS[row.original.type]?.toLowerCase() ?? ''}</span> },
  { id: 'attempts', header: 'Attempts', accessorKey: 'attempts', size: 90, meta: { align: 'end', wide: true } },
  { id: 'status', header: 'HTTP', size: 70, meta: { align: 'end', wide: true }, accessorFn: (d) => d.last_status ?? '' },
  { id: 'error', header: 'Why not', accessorKey: 'error', size: 150, meta: { grow: 1, wide: true } },
]

interface Props {
  may: boolean
  search: NotificationsSearch
  onChange: (next: Partial<NotificationsSearch>) => void
}

/** What was sent where, and what became of it. */
export function Deliveries({ may, search, onChange }: Props) {
  const asked = { state: search.state, webhook: search.webhook, rule: search.rule, subject: search.subject }
  const list = useInfiniteQuery(deliveriesQuery(asked))
  const webhooks = useQuery(webhooksQuery).data?.items ?? []
  const rules = useQuery(rulesQuery).data?.items ?? []
  const filtered = Object.values(asked).some(Boolean)
  return (
    <>
      <div className="filters" role="search" aria-label="Filter deliveries">
        <Select size="small" aria-label="State" value={search.state ?? ''} onChange={(_, d) => onChange({ state: (d.value || undefined) as NotificationsSearch['state'] })}>
          <option value="">Every state</option>
          {DELIVERY_STATES.map((s) => <option key={s} value={s}>{DELIVERY_WORDS[s]}</option>)}
        </Select>
        <Select size="small" aria-label="Webhook" value={search.webhook ?? ''} onChange={(_, d) => onChange({ webhook: d.value || undefined })}>
          <option value="">To every webhook</option>
          {search.webhook && !webhooks.some((w) => w.id === search.webhook) && <option value={search.webhook}>{search.webhook}</option>}
          {webhooks.map((w) => <option key={w.id} value={w.id}>{w.name}</option>)}
        </Select>
        <Select size="small" aria-label="Rule" value={search.rule ?? ''} onChange={(_, d) => onChange({ rule: d.value || undefined })}>
          <option value="">By every rule</option>
          {search.rule && !rules.some((r) => r.id === search.rule) && <option value={search.rule}>{search.rule}</option>}
          {rules.map((r) => <option key={r.id} value={r.id}>{r.name}</option>)}
        </Select>
        <CsvLink href={`/api/v1/notification-deliveries?${queryOf({ ...asked, format: 'csv' })}`} />
        {filtered && <Button size="small" appearance="subtle" onClick={() => onChange({ state: undefined, webhook: undefined, rule: undefined, subject: undefined })}>Clear</Button>}
      </div>
      <ListBody
        what="deliveries"
        list={list}
        columns={COLUMNS}
        rowId={(d) => d.id}
        selected={search.panel}
        onOpen={(d) => onChange({ panel: d.id })}
        asked={asked}
        kept="Deliveries go on."
        nothing={<EmptyState icon={<SendRegular />} title={filtered ? 'No delivery matches' : 'Nothing was sent yet'}>{filtered ? 'Clear the filters to see all of them.' : 'A rule sends when an event fits; “Test” sends at once.'}</EmptyState>}
      />
      <DeliveryPanel id={search.panel} may={may} onClose={() => onChange({ panel: undefined })} />
    </>
  )
}

function DeliveryPanel({ id, may, onClose }: { id: string | undefined; may: boolean; onClose: () => void }) {
  const found = useQuery({ ...deliveryQuery(id ?? ''), enabled: id !== undefined })
  const retry = useRetryDelivery()
  const d = id === undefined ? undefined : found.data
  return (
    <SidePanel open={id !== undefined} title={d ? d.title || TYPE_WORDS[d.type] || d.type : 'Delivery'} onClose={onClose} actions={d?.subject.startsWith('remediation:') && <Link className="link" to="/remediations/$remediationId" params={{ remediationId: d.subject.slice('remediation:'.length) }}>The remediation</Link>}>
      {!d ? (
        found.error ? <ErrorBar what="The delivery could not be read" error={found.error} retry={() => void found.refetch()} /> : <Loading what="the delivery" />
      ) : (
        <div className="stack">
          <div className="row between wrap">
            <DeliveryState state={d.state} />
            {may && (d.state === 'dead' || d.state === 'retrying') && <Button size="small" icon={<ArrowClockwiseRegular />} disabled={retry.isPending} onClick={() => retry.mutate(d.id)}>Send again</Button>}
          </div>
          <ErrorBar what="It was not sent again" error={retry.error} />
          {d.error && <p className="break">{sentence(d.error)} {d.error_code && <code>{d.error_code}</code>}</p>}
          <dl className="fields">
            <Row name="To">{d.webhook}</Row>
            {d.rule && <Row name="By rule">{d.rule}</Row>}
            {d.subject && <Row name="About"><span className="break">{d.subject}</span></Row>}
            <Row name="Attempts">{d.attempts}{d.last_status !== null && `, last answered HTTP ${d.last_status}`}</Row>
            <Row name="Queued"><Instant at={d.created_at} millis /></Row>
            <Row name="Tried last"><Instant at={d.attempted_at} show="age" none="not yet" /></Row>
            {d.next_attempt_at && <Row name="Tried next"><Instant at={d.next_attempt_at} show="age" /></Row>}
            {d.finished_at && <Row name="Over"><Instant at={d.finished_at} /></Row>}
            {d.ticket_key && <Row name="Ticket">{/^https?:\/\//.test(d.ticket_url) ? <a className="link" href={d.ticket_url} target="_blank" rel="noopener noreferrer">{d.ticket_key}</a> : d.ticket_key}</Row>}
          </dl>
          <Facts title="What was sent" facts={d.document} />
        </div>
      )}
    </SidePanel>
  )
}

const Row = ({ name, children }: { name: string; children: React.ReactNode }) => (
  <div className="field"><dt>{name}</dt><dd><div>{children}</div></dd></div>
)
