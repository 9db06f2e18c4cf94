import type { VulnerabilityException } from '../../api/types'

export type ExceptionState = 'active' | 'expired' | 'cancelled'

export const EXCEPTION_WORDS: Record<ExceptionState, string> = { active: 'Holds', expired: 'Run out', cancelled: 'Cancelled' }

/** Whether it holds, was cancelled, or ran out. */
export const exceptionState = (x: Pick<VulnerabilityException, 'active' | 'cancelled_at'>): ExceptionState =>
  x.active ? 'active' : x.cancelled_at ? 'cancelled' : 'expired'
