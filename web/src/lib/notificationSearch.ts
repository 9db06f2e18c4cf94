import { listOf, oneOf, text } from './search'
import { parseInstant } from './time'

type Raw = Record<string, unknown>

export const EVENT_KINDS = [
  'new_vulnerability', 'vulnerability_exploited', 'public_exploit', 'epss_rose', 'fix_available', 'vulnerability_fixed', 'software_added', 'end_of_life', 'certificate_expired',
  'exposure_changed', 'exception_made', 'exception_ended', 'remediation_changed', 'remediation_due', 'remediation_overdue', 'feed_trouble', 'feed_recovered', 'first_assessment', 'many_events',
] as const
export const EVENT_SEVERITIES = ['critical', 'high', 'medium', 'low', 'unknown'] as const

const instant = (value: unknown): string | undefined => (parseInstant(text(value)) ? text(value) : undefined)

/** All state of the event timeline. `since` and `until` are instants. */
export interface EventsSearch {
  search?: string
  kind?: string
  severity?: string
  subject?: string
  since?: string
  until?: string
  order?: 'asc'
  panel?: string
}
export const eventsSearch = (raw: Raw): EventsSearch => ({
  search: text(raw.search),
  kind: listOf(raw.kind, EVENT_KINDS),
  severity: listOf(raw.severity, EVENT_SEVERITIES),
  subject: text(raw.subject),
  since: instant(raw.since),
  until: instant(raw.until),
  order: oneOf(raw.order, ['asc'] as const),
  panel: text(raw.panel),
})

export const DELIVERY_STATES = ['queued', 'sending', 'retrying', 'delivered', 'dead'] as const

/** All state of the page of notifications; rules when no tab is named. */
export interface NotificationsSearch {
  tab?: 'webhooks' | 'deliveries'
  state?: (typeof DELIVERY_STATES)[number]
  webhook?: string
  rule?: string
  subject?: string
  /** The open delivery. */
  panel?: string
  /** What is being made or changed: an identifier, or `new`. */
  edit?: string
}
export const notificationsSearch = (raw: Raw): NotificationsSearch => ({
  tab: oneOf(raw.tab, ['webhooks', 'deliveries'] as const),
  state: oneOf(raw.state, DELIVERY_STATES),
  webhook: text(raw.webhook),
  rule: text(raw.rule),
  subject: text(raw.subject),
  panel: text(raw.panel),
  edit: text(raw.edit),
})
