import { CheckmarkCircleFilled, ClockRegular, DismissCircleFilled, SendRegular, TimerOffRegular } from '@fluentui/react-icons'
import type { ReactNode } from 'react'
import { humanise } from '../../lib/format'

const LOOK: Record<string, [ReactNode, string]> = {
  queued: [<ClockRegular key="q" />, 'quiet'],
  delivered: [<SendRegular key="d" />, 'quiet'],
  succeeded: [<CheckmarkCircleFilled key="s" />, 'good'],
  failed: [<DismissCircleFilled key="f" />, 'bad'],
  expired: [<TimerOffRegular key="e" />, 'warn'],
}

export function OrderState({ state }: { state: string }) {
  const [icon, tone] = LOOK[state] ?? LOOK.queued!
  return (
    <span className={`state ${tone}`}>
      <span className="state-icon" aria-hidden>{icon}</span>
      {humanise(state)}
    </span>
  )
}
