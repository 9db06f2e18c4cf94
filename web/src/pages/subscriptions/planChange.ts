import type { PlansChange, Subscription } from '../../api/types'
import { isOn } from './planText'

/** What a person chooses about the plans of a subscription. */
export interface Wanted {
  servers: 'off' | 'p1' | 'p2'
  posture: 'off' | 'on'
  how: 'trial' | 'pay'
}

/** What a subscription has, as it is chosen. A subscription without a plan begins with a trial. */
export function wantedOf(s: Pick<Subscription, 'servers_step' | 'servers' | 'posture'>): Wanted {
  const paid = [s.servers, s.posture].some((plan) => plan.standing === 'paid')
  return {
    servers: isOn(s.servers) && s.servers_step ? (s.servers_step as 'p1' | 'p2') : 'off',
    posture: isOn(s.posture) ? 'on' : 'off',
    how: paid ? 'pay' : 'trial',
  }
}

/** What has to be asked of the server; nothing where nothing is different. */
export function changeOf(before: Wanted, wanted: Wanted): PlansChange | undefined {
  const change: PlansChange = {}
  const paidAnew = wanted.how !== before.how
  if (wanted.servers === 'off') {
    if (before.servers !== 'off') change.servers = 'off'
  } else if (wanted.servers !== before.servers || paidAnew) {
    change.servers_step = wanted.servers
    change.servers = wanted.how
  }
  if (wanted.posture === 'off') {
    if (before.posture !== 'off') change.posture = 'off'
  } else if (before.posture === 'off' || paidAnew) {
    change.posture = wanted.how
  }
  return Object.keys(change).length ? change : undefined
}
