import { CheckmarkCircleFilled, CircleRegular, ClockRegular, DismissCircleFilled, SubtractCircleRegular, WarningFilled } from '@fluentui/react-icons'
import type { ReactNode } from 'react'

const LOOK: Record<string, [string, string, ReactNode]> = {
  off: ['quiet', 'Switched off', <CircleRegular key="i" />],
  not_applicable: ['quiet', 'Not needed', <SubtractCircleRegular key="i" />],
  waiting: ['quiet', 'Not scanned yet', <ClockRegular key="i" />],
  queued: ['quiet', 'Queued', <ClockRegular key="i" />],
  running: ['quiet', 'Scan runs', <ClockRegular key="i" />],
  done: ['good', 'Scanned', <CheckmarkCircleFilled key="i" />],
  limited: ['warn', 'Scanned in part', <WarningFilled key="i" />],
  failed: ['bad', 'Scan failed', <DismissCircleFilled key="i" />],
}

export const agentlessWord = (state: string): string => LOOK[state]?.[1] ?? state

/** How a machine stands with agentless scanning, as icon and words. */
export function AgentlessState({ state }: { state: string }) {
  const [tone, word, icon] = LOOK[state] ?? LOOK.waiting!
  return <span className={`state ${tone}`}><span aria-hidden className="state-icon">{icon}</span>{word}</span>
}
