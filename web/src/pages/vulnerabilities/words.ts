import { humanise } from '../../lib/format'

/** What a recommendation asks for. */
export const REMEDIATION_WORDS: Record<string, string> = {
  update: 'Update',
  uninstall: 'Uninstall',
  upgrade_system: 'Upgrade the system',
  replace_certificate: 'Replace the certificate',
  configure: 'Configure',
  wait: 'No update yet',
}

/** What a source says about a fix. */
export const REMEDY_WORDS: Record<string, string> = {
  fixed: 'Fixed',
  none_yet: 'No fix yet',
  deferred: 'The vendor put it off',
  will_not_fix: 'The vendor will not fix it',
  out_of_support: 'Out of support',
}

/** What starts again; nothing for most. */
export const RESTART_WORDS: Record<string, string> = { none: '', processes: 'Processes that use it', reboot: 'The machine' }

export const UPDATE_WORDS: Record<string, string> = { all: 'Update available', some: 'Some updates available', none: 'No update' }

export const JUSTIFICATIONS = {
  third_party_control: { title: 'Third-party control', why: 'Another product protects these devices.', counts: false },
  alternate_mitigation: { title: 'Alternate mitigation', why: 'Something of your own protects these devices.', counts: false },
  risk_accepted: { title: 'Risk accepted', why: 'You live with it.', counts: true },
  planned_remediation: { title: 'Planned remediation', why: 'It is going to be done.', counts: true },
  inaccurate: { title: 'The finding is wrong', why: 'It is kept as a case for our tests.', counts: false },
} as const
export type JustificationKey = keyof typeof JUSTIFICATIONS

/** What a justification says and does to the exposure: only a recommendation may still count. */
export function justificationEffect(key: JustificationKey, type: string): string {
  const { why, counts } = JUSTIFICATIONS[key]
  return `${why} ${counts && type === 'recommendation' ? 'It still counts' : 'It no longer counts'} in the exposure.`
}

export const FEED_WORDS: Record<string, string> = {
  ok: 'Current',
  old: 'Too old',
  empty: 'Empty',
  never: 'Never fetched',
  failing: 'Fetching fails',
}

export const CERTIFICATE_WORDS: Record<string, string> = { valid: 'Valid', expiring: 'Ends soon', expired: 'Ended', not_yet_valid: 'Not valid yet' }
export const PROBLEM_WORDS: Record<string, string> = { weak_key: 'Key too short', weak_signature: 'Weak signature', self_signed: 'Self-signed' }

/** The check of a baseline that a recommendation is about. */
export interface RecommendedCheck {
  title: string
  why: string
  fix: string
}

/** What a document of a recommendation says of its check; nothing where it is about something else. */
export function checkOf(document: unknown): RecommendedCheck | undefined {
  const check = (document as { check?: Partial<RecommendedCheck> | null } | null | undefined)?.check
  return check?.title ? { title: check.title, why: check.why ?? '', fix: check.fix ?? '' } : undefined
}

/** "Update openssl to 3.0.3"; of a setting what should be so: "Configure: Root does not sign in over SSH" */
export function recommendationTitle(r: { remediation_type: string; related_component: string; recommended_version: string; document?: unknown }): string {
  const check = r.remediation_type === 'configure' && checkOf(r.document)
  if (check) return `Configure: ${check.title}`
  const verb = REMEDIATION_WORDS[r.remediation_type] ?? humanise(r.remediation_type)
  if (r.remediation_type === 'wait') return `${r.related_component}: no update yet`
  return `${verb} ${r.related_component}${r.recommended_version ? ` to ${r.recommended_version}` : ''}`.replace('the system ', 'the system: ')
}

/** A score with one digit; nobody's score is no zero. */
export const scoreText = (score: number | null | undefined): string => (score === null || score === undefined ? '–' : score.toFixed(1))

export const levelOf = (score: number): 'low' | 'medium' | 'high' => (score < 30 ? 'low' : score < 70 ? 'medium' : 'high')
export const LEVEL_WORDS = { low: 'Low exposure', medium: 'Medium exposure', high: 'High exposure' } as const

/** EPSS as a percentage: how likely it is to be exploited within 30 days. */
export const epssText = (epss: number | null | undefined): string =>
  epss === null || epss === undefined ? 'not scored' : epss < 0.001 ? 'below 0.1 %' : `${(epss * 100).toFixed(epss < 0.1 ? 1 : 0)} %`
