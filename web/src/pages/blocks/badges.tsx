import { CheckmarkCircleFilled, CircleRegular, ClockRegular, DismissCircleFilled, EyeRegular, ProhibitedFilled, WarningFilled } from '@fluentui/react-icons'
import type { ReactNode } from 'react'
import { DEVICE_WORDS, MODE_WORDS, STATE_WORDS } from './words'

function Badge({ look: [tone, icon], children }: { look: [string, ReactNode]; children: ReactNode }) {
  return <span className={`state ${tone}`}><span aria-hidden className="state-icon">{icon}</span>{children}</span>
}

const MODES: Record<string, [string, ReactNode]> = { warn: ['warn', <WarningFilled key="i" />], block: ['bad', <ProhibitedFilled key="i" />] }
const STATES: Record<string, [string, ReactNode]> = { active: ['good', <CheckmarkCircleFilled key="i" />], fixed: ['good', <CheckmarkCircleFilled key="i" />] }
const DEVICES: Record<string, [string, ReactNode]> = {
  enforced: ['good', <ProhibitedFilled key="i" />],
  watched: ['good', <EyeRegular key="i" />],
  waiting: ['quiet', <ClockRegular key="i" />],
  not_installed: ['quiet', <CircleRegular key="i" />],
  refused: ['warn', <WarningFilled key="i" />],
  detect_only: ['warn', <EyeRegular key="i" />],
  disarmed: ['warn', <WarningFilled key="i" />],
  failed: ['bad', <DismissCircleFilled key="i" />],
}

export const BlockMode = ({ mode }: { mode: string }) => <Badge look={MODES[mode] ?? MODES.warn!}>{MODE_WORDS[mode] ?? mode}</Badge>
export const BlockState = ({ state }: { state: string }) => <Badge look={STATES[state] ?? ['quiet', <CircleRegular key="i" />]}>{STATE_WORDS[state] ?? state}</Badge>
export const BlockDeviceState = ({ state }: { state: string }) => <Badge look={DEVICES[state] ?? DEVICES.waiting!}>{DEVICE_WORDS[state] ?? state}</Badge>
