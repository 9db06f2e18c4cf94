import { ProgressBar } from '@fluentui/react-components'
import { CheckmarkCircleFilled, DismissCircleFilled, QuestionCircleRegular, SubtractCircleRegular } from '@fluentui/react-icons'
import type { ReactNode } from 'react'
import { percentText, STATE_WORDS } from './words'

const LOOK: Record<string, [string, ReactNode]> = {
  compliant: ['good', <CheckmarkCircleFilled key="i" />],
  not_compliant: ['bad', <DismissCircleFilled key="i" />],
  not_applicable: ['quiet', <SubtractCircleRegular key="i" />],
  not_evaluated: ['warn', <QuestionCircleRegular key="i" />],
}

/** A check's state as icon and words, never colour alone. */
export function CheckStateBadge({ state }: { state: string }) {
  const [tone, icon] = LOOK[state] ?? LOOK.not_evaluated!
  return <span className={`state ${tone}`}><span aria-hidden className="state-icon">{icon}</span>{STATE_WORDS[state] ?? state}</span>
}

/** Which part of what was decided is compliant. */
export function Compliance({ percent, label }: { percent: number | null; label: string }) {
  if (percent === null) return <span className="muted">not run</span>
  return (
    <span className="progress-cell">
      <ProgressBar thickness="large" value={percent / 100} color={percent >= 100 ? 'success' : 'brand'} aria-label={`${label}: ${percentText(percent)} compliant`} />
      <span className="small nums">{percentText(percent)}</span>
    </span>
  )
}
