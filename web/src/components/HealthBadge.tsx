import {
  CheckmarkCircleFilled,
  DismissCircleFilled,
  QuestionCircleFilled,
  WarningFilled,
} from '@fluentui/react-icons'
import type { ReactNode } from 'react'
import type { Health } from '../api/types'

const LOOK: Record<string, { label: string; icon: ReactNode; tone: string }> = {
  active: { label: 'Active', icon: <CheckmarkCircleFilled />, tone: 'good' },
  impaired: { label: 'Impaired', icon: <WarningFilled />, tone: 'warn' },
  inactive: { label: 'Inactive', icon: <DismissCircleFilled />, tone: 'bad' },
  no_sensor_data: { label: 'No sensor data', icon: <QuestionCircleFilled />, tone: 'quiet' },
}

export const healthLabel = (health: string): string => LOOK[health]?.label ?? health

/** Health as icon and words, never colour alone. */
export function HealthBadge({ health }: { health: Health }) {
  const look = LOOK[health] ?? LOOK.no_sensor_data!
  return (
    <span className={`state ${look.tone}`}>
      <span aria-hidden className="state-icon">{look.icon}</span>
      {look.label}
    </span>
  )
}
