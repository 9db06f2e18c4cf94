import type { VulnerabilityException } from '../../api/types'
import { REMEDIATION_WORDS } from './words'

export type ExceptionState = 'active' | 'expired' | 'cancelled'

export const EXCEPTION_WORDS: Record<ExceptionState, string> = { active: 'Holds', expired: 'Run out', cancelled: 'Cancelled' }

/** Whether it holds, was cancelled, or ran out. */
export const exceptionState = (x: Pick<VulnerabilityException, 'active' | 'cancelled_at'>): ExceptionState =>
  x.active ? 'active' : x.cancelled_at ? 'cancelled' : 'expired'

/** What it is for, in words: a recommendation says what it is by its identifier, also when it is gone. */
export function subjectTitle(x: Pick<VulnerabilityException, 'subject_type' | 'subject'>): string {
  const [kind = '', ...rest] = x.subject.split('/')
  const verb = REMEDIATION_WORDS[kind]
  if (x.subject_type !== 'recommendation' || !verb || rest.length === 0) return x.subject
  if (rest.length < 3) return `${verb}: ${rest.join('/')}`
  const [system, release, ...name] = rest
  return `${verb}${kind === 'wait' ? ':' : ''} ${name.join('/')}${system ? ` on ${[system, release].filter(Boolean).join(' ')}` : ''}`
}
