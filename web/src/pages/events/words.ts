import type { VulnerabilityEvent } from '../../api/types'

export const KIND_WORDS: Record<string, string> = {
  first_assessment: 'First look at a device',
  new_vulnerability: 'New vulnerability',
  vulnerability_exploited: 'Exploited now',
  public_exploit: 'Exploit is public',
  epss_rose: 'More likely to be exploited',
  fix_available: 'Update available',
  software_added: 'Software added',
  vulnerability_fixed: 'Vulnerability fixed',
  end_of_life: 'Out of support',
  certificate_expired: 'Certificate ended',
  exception_made: 'Exception made',
  exception_ended: 'Exception ended',
  exposure_changed: 'Exposure changed',
  feed_trouble: 'Feed in trouble',
  feed_recovered: 'Feed recovered',
  remediation_changed: 'Remediation changed',
  remediation_due: 'Remediation due soon',
  remediation_overdue: 'Remediation overdue',
  many_events: 'More of the same',
}

/** "+1.8", "−0.4": by how much the exposure moved; empty where nobody can tell. */
export function effectText(effect: number | null): string {
  if (effect === null) return ''
  if (Math.abs(effect) < 0.05) return '0.0'
  return `${effect > 0 ? '+' : '−'}${Math.abs(effect).toFixed(1)}`
}

/** Where an event's subject is, as a link of the console. */
export function subjectLink(e: Pick<VulnerabilityEvent, 'subject' | 'subject_type'>):
  | { to: '/weaknesses' | '/software' | '/recommendations' | '/exceptions'; search: { panel: string } }
  | { to: '/certificates'; search: { search: string } }
  | { to: '/remediations/$remediationId'; params: { remediationId: string } }
  | { to: '/exposure'; hash?: string }
  | undefined {
  switch (e.subject_type) {
    case 'vulnerability': return { to: '/weaknesses', search: { panel: e.subject } }
    case 'software': return { to: '/software', search: { panel: e.subject } }
    case 'recommendation': return { to: '/recommendations', search: { panel: e.subject } }
    case 'exception': return { to: '/exceptions', search: { panel: e.subject } }
    case 'certificate': return { to: '/certificates', search: { search: e.subject } }
    case 'remediation': return { to: '/remediations/$remediationId', params: { remediationId: e.subject.replace(/^remediation:/, '') } }
    case 'feed': return { to: '/exposure', hash: 'feeds' }
    case 'exposure': return { to: '/exposure' }
    default: return undefined
  }
}
