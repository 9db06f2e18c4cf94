import { CheckmarkCircleFilled, CircleRegular, ClockRegular, DismissCircleFilled } from '@fluentui/react-icons'
import type { ReactNode } from 'react'

const LOOK: Record<string, { label: string; icon: ReactNode; tone: string }> = {
  healthy: { label: 'Healthy', icon: <CheckmarkCircleFilled />, tone: 'good' },
  unhealthy: { label: 'Unhealthy', icon: <DismissCircleFilled />, tone: 'bad' },
  not_applicable: { label: 'Not applicable', icon: <CircleRegular />, tone: 'quiet' },
  pending: { label: 'Pending', icon: <ClockRegular />, tone: 'quiet' },
}

export const statusLabel = (status: string): string => LOOK[status]?.label ?? status

/** A machine's status as icon and words, never colour alone. */
export function StatusBadge({ status, label }: { status: string; label?: string }) {
  const look = LOOK[status] ?? LOOK.pending!
  return (
    <span className={`state ${look.tone}`}>
      <span aria-hidden className="state-icon">{look.icon}</span>
      {label ?? look.label}
    </span>
  )
}
