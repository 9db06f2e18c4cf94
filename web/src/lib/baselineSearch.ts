import { listOf, oneOf, text } from './search'

type Raw = Record<string, unknown>

export const CHECK_STATES = ['not_compliant', 'compliant', 'not_applicable', 'not_evaluated'] as const
export type CheckState = (typeof CHECK_STATES)[number]
export const CHECK_CATEGORIES = ['application', 'os', 'network', 'accounts', 'security_controls'] as const
export const CHECK_SEVERITIES = ['high', 'medium', 'low'] as const

const checks = (raw: Raw) => ({
  search: text(raw.search),
  severity: listOf(raw.severity, CHECK_SEVERITIES),
  category: oneOf(raw.category, CHECK_CATEGORIES),
  state: oneOf(raw.state, CHECK_STATES),
  panel: text(raw.panel),
})

export interface ChecksAsked {
  search?: string
  severity?: string
  category?: (typeof CHECK_CATEGORIES)[number]
  state?: CheckState
}

/** All state of a profile's page. `tab` is checks when absent; `panel` the open check. */
export interface BaselineSearch extends ChecksAsked {
  tab?: 'devices' | 'settings'
  panel?: string
}
export const baselineSearch = (raw: Raw): BaselineSearch => ({ ...checks(raw), tab: oneOf(raw.tab, ['devices', 'settings'] as const) })

/** What a new profile begins with. */
export const newBaselineSearch = (raw: Raw): { from?: string } => ({ from: text(raw.from) })

/** All state of a device's baseline; `profile` is the first when absent. */
export interface DeviceBaselineSearch extends ChecksAsked {
  profile?: string
  panel?: string
}
export const deviceBaselineSearch = (raw: Raw): DeviceBaselineSearch => ({ ...checks(raw), profile: text(raw.profile) })

export const SCORE_RANGES = { '30d': 30, '90d': 90, '1y': 365 } as const
export type ScoreRange = keyof typeof SCORE_RANGES
export interface SecureScoreSearch {
  range?: ScoreRange
  search?: string
}
export const secureScoreSearch = (raw: Raw): SecureScoreSearch => ({
  range: oneOf(raw.range, Object.keys(SCORE_RANGES) as ScoreRange[]),
  search: text(raw.search),
})
