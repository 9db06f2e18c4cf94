import type { NotificationRule, NotificationRuleBody } from '../../api/types'

/** Settings of a webhook as its form has them. */
export interface WebhookSettings {
  project?: string
  issue_type?: string
  ticket_key?: string
  ticket_url?: string
  ticket_link?: string
  extra?: unknown
}

export const FORMAT_WORDS: Record<string, string> = { palisade: 'Palisade’s own (JSON, signed)', chat: 'Chat (Slack and what reads the same)', jira: 'Jira', servicenow: 'ServiceNow' }
export const DELIVERY_WORDS: Record<string, string> = { queued: 'Queued', sending: 'Being sent', retrying: 'Tried again later', delivered: 'Delivered', dead: 'Given up' }
export const TYPE_WORDS: Record<string, string> = { events: 'Events', ticket: 'Ticket', test: 'Test' }

/** Lines of `Name: value` as headers; undefined where a line is none. */
export function headersOf(lines: string): Record<string, string> | undefined {
  const headers: Record<string, string> = {}
  for (const line of lines.split('\n')) {
    if (!line.trim()) continue
    const found = /^\s*([!#$%&'*+.^_`|~\w-]+)\s*:\s*(.+?)\s*$/.exec(line)
    if (!found) return undefined
    headers[found[1]!] = found[2]!
  }
  return headers
}

/** A JSON object that was typed; undefined where it is none, null where nothing was typed. */
export function objectOf(text: string): Record<string, unknown> | null | undefined {
  if (!text.trim()) return null
  try {
    const value: unknown = JSON.parse(text)
    return value !== null && typeof value === 'object' && !Array.isArray(value) ? (value as Record<string, unknown>) : undefined
  } catch {
    return undefined
  }
}

/** Whether it is an address that a server may be sent to. */
export function isAddress(text: string): boolean {
  try {
    return ['https:', 'http:'].includes(new URL(text.trim()).protocol)
  } catch {
    return false
  }
}

/** A rule as it is written back as a whole. */
export const ruleBody = ({ name, enabled, kinds, severity, exploited_only, least_devices, device_group_id, webhooks }: NotificationRule): NotificationRuleBody => ({
  name, enabled, kinds, severity, exploited_only, least_devices, device_group_id, webhook_ids: webhooks.map((w) => w.id),
})
