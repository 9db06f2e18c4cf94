import { CheckmarkCircleFilled, CircleRegular, ClockRegular } from '@fluentui/react-icons'
import type { Connector } from '../../api/types'
import { stateLook } from './words'

/** Planned, active or ended, as icon and word. */
export function StateOf({ connector }: { connector: Connector }) {
  const { label, tone } = stateLook(connector)
  const Icon = { good: CheckmarkCircleFilled, quiet: CircleRegular, warn: ClockRegular }[tone]
  return <span className={`state ${tone}`}><span className="state-icon" aria-hidden><Icon /></span>{label}</span>
}
