import { ProgressBar } from '@fluentui/react-components'
import { ArrowUndoRegular, CheckmarkCircleFilled, CheckmarkCircleRegular, ClockRegular, DismissCircleFilled, DismissCircleRegular, PauseCircleRegular, PlayCircleRegular, WarningFilled } from '@fluentui/react-icons'
import type { ReactNode } from 'react'
import type { Remediation, RemediationDevice } from '../../api/types'
import { Instant } from '../../components/Instant'
import { formatCount } from '../../lib/format'
import { STATE_WORDS, STEP_WORDS } from './words'

const STATES: Record<string, [string, ReactNode]> = {
  requested: ['quiet', <ClockRegular key="i" />],
  running: ['quiet', <PlayCircleRegular key="i" />],
  checked: ['good', <CheckmarkCircleRegular key="i" />],
  paused: ['warn', <PauseCircleRegular key="i" />],
  completed: ['good', <CheckmarkCircleFilled key="i" />],
  stopped: ['bad', <DismissCircleFilled key="i" />],
  cancelled: ['quiet', <DismissCircleRegular key="i" />],
}
const STEPS: Record<string, [string, ReactNode]> = {
  checked: ['good', <CheckmarkCircleFilled key="i" />],
  verified: ['good', <CheckmarkCircleFilled key="i" />],
  refused: ['warn', <WarningFilled key="i" />],
  failed: ['bad', <DismissCircleFilled key="i" />],
  rolled_back: ['warn', <ArrowUndoRegular key="i" />],
  gone: ['quiet', <DismissCircleRegular key="i" />],
  checking: ['quiet', <PlayCircleRegular key="i" />],
  applying: ['quiet', <PlayCircleRegular key="i" />],
  applied: ['quiet', <PlayCircleRegular key="i" />],
  rolling_back: ['quiet', <PlayCircleRegular key="i" />],
}

function Badge({ look: [tone, icon], children }: { look: [string, ReactNode]; children: ReactNode }) {
  return <span className={`state ${tone}`}><span aria-hidden className="state-icon">{icon}</span>{children}</span>
}

/** A remediation's state as icon and words. */
export const RemediationState = ({ state }: { state: string }) => <Badge look={STATES[state] ?? STATES.requested!}>{STATE_WORDS[state] ?? state}</Badge>
/** Whether a device's inventory shows the fix, for what people carry out. */
export function FixedOf({ device: d }: { device: RemediationDevice }) {
  if (d.step === 'gone') return <StepOf step="gone" />
  return d.fixed_at ? <Badge look={STATES.completed!}>Fixed</Badge> : <Badge look={STATES.requested!}>Not fixed yet</Badge>
}
/** A device's step as icon and words. */
export const StepOf = ({ step }: { step: string }) => <Badge look={STEPS[step] ?? ['quiet', <ClockRegular key="i" />]}>{STEP_WORDS[step] ?? step}</Badge>

type Measured = Pick<Remediation, 'devices' | 'devices_fixed' | 'devices_gone' | 'devices_failed' | 'progress' | 'title'>

/** How many machines have the fix, by their inventories. */
export function Progress({ of: r, words = false }: { of: Measured; words?: boolean }) {
  const there = Math.max(0, r.devices - r.devices_gone)
  const said = `${formatCount(r.devices_fixed)} of ${formatCount(there)} fixed`
  const more = [r.devices_failed > 0 && `${formatCount(r.devices_failed)} failed`, words && r.devices_gone > 0 && `${formatCount(r.devices_gone)} left service`].filter(Boolean)
  return (
    <span className="progress-cell">
      <ProgressBar thickness="large" value={r.progress} color={r.progress >= 1 ? 'success' : 'brand'} aria-label={`${r.title}: ${said}`} />
      <span className="small nums">{[said, ...more].join(', ')}</span>
    </span>
  )
}

/** When it is due; what should have been over by now is marked. */
export function Due({ of: r }: { of: Pick<Remediation, 'due_at' | 'overdue'> }) {
  if (!r.due_at) return <span className="muted">no date</span>
  if (!r.overdue) return <Instant at={r.due_at} show="age" />
  return <Badge look={['bad', <WarningFilled key="i" />]}><span><b>Overdue</b>, <Instant at={r.due_at} show="age" /></span></Badge>
}
