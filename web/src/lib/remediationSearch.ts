import { listOf, oneOf, text } from './search'

type Raw = Record<string, unknown>

export const REMEDIATION_STATES = ['requested', 'running', 'checked', 'paused', 'stopped', 'completed', 'cancelled'] as const

/** All state of the list of remediations. */
export interface RemediationsSearch {
  state?: string
  recommendation?: string
  device?: string
  /** Only those that should have been over by now. */
  overdue?: boolean
}
export const remediationsSearch = (raw: Raw): RemediationsSearch => ({
  state: listOf(raw.state, REMEDIATION_STATES),
  recommendation: text(raw.recommendation),
  device: text(raw.device),
  overdue: raw.overdue === true || raw.overdue === 'true' ? true : undefined,
})

/** The device whose receipt is open. */
export interface RemediationSearch {
  panel?: string
}
export const remediationSearch = (raw: Raw): RemediationSearch => ({ panel: text(raw.panel) })

export const BLOCK_STATES = ['active', 'fixed', 'expired', 'cancelled'] as const
/** All state of the list of blocks; those that hold when no state is named. */
export interface BlocksSearch {
  state?: (typeof BLOCK_STATES)[number] | 'all'
  mode?: 'warn' | 'block'
  panel?: string
}
export const blocksSearch = (raw: Raw): BlocksSearch => ({
  state: oneOf(raw.state, [...BLOCK_STATES, 'all'] as const),
  mode: oneOf(raw.mode, ['warn', 'block'] as const),
  panel: text(raw.panel),
})
export const blocksAsked = ({ state, mode }: BlocksSearch): { state?: string; mode?: string } => ({
  state: state === 'all' ? undefined : (state ?? 'active'),
  mode,
})
