import type { RemediationRun } from '../../api/types'
import { linesOf } from '../connectors/settings'

/** What the form of a run holds while it is filled in. */
export interface RunDraft {
  atOnce: string
  canary: boolean
  soak: string
  windowed: boolean
  weekdays: number[]
  start: string
  minutes: string
  /** The clock that is meant, minutes from UTC. */
  zone: number
  named: string
}

/** The browser's clock against UTC, in minutes, as the contract counts it. */
const zoneHere = (): number => -new Date().getTimezoneOffset()

/** A run to begin with, or one that was saved. */
export const runDraft = (run?: RemediationRun): RunDraft => ({
  atOnce: String(run?.at_once ?? 5),
  canary: run?.canary ?? true,
  soak: String(run?.soak_minutes ?? 10),
  windowed: Boolean(run?.window),
  weekdays: run?.window?.weekdays ?? [0, 1, 2, 3, 4, 5, 6],
  start: run?.window?.start ?? '22:00',
  minutes: String(run?.window?.minutes ?? 120),
  zone: run?.window?.timezone_offset_minutes ?? zoneHere(),
  named: (run?.name_never_touch ?? []).join('\n'),
})

const whole = (text: string, least: number, most: number): boolean => /^\d{1,5}$/.test(text.trim()) && Number(text) >= least && Number(text) <= most

export type RunFault = 'atOnce' | 'soak' | 'weekdays' | 'start' | 'minutes'

/** What is wrong with a draft, by field; empty where nothing is. */
export function runFaults(draft: RunDraft): Partial<Record<RunFault, string>> {
  return {
    ...(!whole(draft.atOnce, 1, 100) && { atOnce: '1 to 100' }),
    ...(draft.canary && !whole(draft.soak, 0, 10_080) && { soak: '0 to 10080, a week' }),
    ...(draft.windowed && draft.weekdays.length === 0 && { weekdays: 'At least one day' }),
    ...(draft.windowed && !/^([01]\d|2[0-3]):[0-5]\d$/.test(draft.start) && { start: 'An hour and a minute, such as 22:00' }),
    ...(draft.windowed && !whole(draft.minutes, 1, 1440) && { minutes: '1 to 1440' }),
  }
}

/** The draft as the contract has it; undefined while something is wrong. */
export function runOf(draft: RunDraft): RemediationRun | undefined {
  if (Object.keys(runFaults(draft)).length > 0) return undefined
  return {
    at_once: Number(draft.atOnce),
    canary: draft.canary,
    soak_minutes: draft.canary ? Number(draft.soak) : 0,
    window: draft.windowed ? { weekdays: [...draft.weekdays].sort((a, b) => a - b), start: draft.start, minutes: Number(draft.minutes), timezone_offset_minutes: draft.zone } : null,
    name_never_touch: linesOf(draft.named),
  }
}

/** The end of a day that was chosen, in local time; undefined where none was. */
export function dueOf(day: string): string | undefined {
  const at = new Date(`${day}T23:59:59`)
  return day && !Number.isNaN(at.getTime()) ? at.toISOString() : undefined
}
