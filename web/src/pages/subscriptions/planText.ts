import type { Subscription } from '../../api/types'
import { formatLocal, parseInstant } from '../../lib/time'

/** What the machines of a subscription are, as people say it. */
export const SUBSCRIPTION_KINDS: Record<string, string> = { ssh: 'SSH', aws: 'AWS', cloud_init: 'cloud-init', direct: 'Onboarded directly' }

export const PLANS = ['servers_p1', 'servers_p2', 'posture'] as const
export const PLAN_NAMES: Record<string, string> = { servers_p1: 'Servers Plan 1', servers_p2: 'Servers Plan 2', posture: 'Posture' }

export type Standing = Subscription['servers']

/** "On, free until 2026-12-24", "Off". */
export function standingText(plan: Standing): string {
  const until = parseInstant(plan.trial_until)
  switch (plan.standing) {
    case 'trial':
      return until ? `On, free until ${formatLocal(until).slice(0, 16)}` : 'On, free'
    case 'trial_ended':
      return 'The trial has ended'
    case 'paid':
      return 'On'
    default:
      return 'Off'
  }
}

export const isOn = (plan: Standing): boolean => plan.standing === 'trial' || plan.standing === 'paid'
