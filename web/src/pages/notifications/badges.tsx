import { ArrowClockwiseRegular, CheckmarkCircleFilled, CircleRegular, ClockRegular, DismissCircleFilled, SendRegular } from '@fluentui/react-icons'
import type { ReactNode } from 'react'
import { DELIVERY_WORDS } from './words'

const LOOK: Record<string, [string, ReactNode]> = {
  queued: ['quiet', <ClockRegular key="i" />],
  sending: ['quiet', <SendRegular key="i" />],
  retrying: ['warn', <ArrowClockwiseRegular key="i" />],
  delivered: ['good', <CheckmarkCircleFilled key="i" />],
  dead: ['bad', <DismissCircleFilled key="i" />],
}

function Badge({ look: [tone, icon], children }: { look: [string, ReactNode]; children: ReactNode }) {
  return <span className={`state ${tone}`}><span aria-hidden className="state-icon">{icon}</span>{children}</span>
}

/** How a delivery went, as icon and words. */
export const DeliveryState = ({ state }: { state: string }) => <Badge look={LOOK[state] ?? LOOK.queued!}>{DELIVERY_WORDS[state] ?? state}</Badge>
export const OnOff = ({ on }: { on: boolean }) => <Badge look={on ? ['good', <CheckmarkCircleFilled key="i" />] : ['quiet', <CircleRegular key="i" />]}>{on ? 'On' : 'Off'}</Badge>
