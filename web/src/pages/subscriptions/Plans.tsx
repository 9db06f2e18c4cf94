import type { Subscription } from '../../api/types'
import { CheckmarkCircleRegular, CircleRegular } from '@fluentui/react-icons'
import { Link } from '@tanstack/react-router'
import { isOn, PLAN_NAMES, standingText, type Standing } from './planText'

/** Which plans a subscription has, and until when they are free. */
export function Plans({ of }: { of: Subscription }) {
  const servers = of.servers_step && of.servers.standing !== 'off' ? PLAN_NAMES[`servers_${of.servers_step}`]! : 'Servers plan'
  return (
    <div className="stack">
      <Plan name={servers} plan={of.servers} />
      <Plan name="Posture" plan={of.posture} />
      <Link to="/usage" search={{ by: 'machine', subscription: of.id }} className="link">Its usage this month</Link>
    </div>
  )
}

function Plan({ name, plan }: { name: string; plan: Standing }) {
  const on = isOn(plan)
  return (
    <div className={`state ${on ? 'good' : 'quiet'}`}>
      <span className="state-icon" aria-hidden>{on ? <CheckmarkCircleRegular /> : <CircleRegular />}</span>
      <span><b>{name}</b>: {standingText(plan)}</span>
    </div>
  )
}
