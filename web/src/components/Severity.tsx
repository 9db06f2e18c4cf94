import { CircleRegular, DismissCircleFilled, ErrorCircleFilled, InfoRegular, QuestionCircleRegular, WarningFilled } from '@fluentui/react-icons'
import type { ReactNode } from 'react'

const LOOK: Record<string, { label: string; icon: ReactNode; tone: string }> = {
  critical: { label: 'Critical', icon: <DismissCircleFilled />, tone: 'bad' },
  high: { label: 'High', icon: <ErrorCircleFilled />, tone: 'bad' },
  medium: { label: 'Medium', icon: <WarningFilled />, tone: 'warn' },
  low: { label: 'Low', icon: <InfoRegular />, tone: 'quiet' },
  none: { label: 'None', icon: <CircleRegular />, tone: 'quiet' },
  unknown: { label: 'Not scored', icon: <QuestionCircleRegular />, tone: 'warn' },
}

export const severityLabel = (severity: string): string => LOOK[severity]?.label ?? severity

/** A severity as icon and word, never colour alone; what nobody has scored is no low one. */
export function Severity({ severity, none = 'No vulnerability' }: { severity: string; none?: string }) {
  const look = LOOK[severity]
  if (!look) return <span className="muted">{severity || none}</span>
  return (
    <span className={`state ${look.tone}`}>
      <span aria-hidden className="state-icon">{look.icon}</span>
      {look.label}
    </span>
  )
}
