import type { ApplicationBlock, ApplicationBlockDevice } from '../../api/types'
import { humanise } from '../../lib/format'

export const MODE_WORDS: Record<string, string> = { warn: 'Warns', block: 'Blocks' }
export const STATE_WORDS: Record<string, string> = { active: 'Holds', fixed: 'Fixed everywhere', expired: 'Run out', cancelled: 'Released' }

export const DEVICE_STATES = ['enforced', 'watched', 'waiting', 'refused', 'detect_only', 'disarmed', 'failed', 'not_installed', 'released'] as const
export const DEVICE_WORDS: Record<string, string> = {
  waiting: 'Waits for its contact',
  enforced: 'Blocked',
  watched: 'Watched',
  not_installed: 'Not installed',
  refused: 'Refused: never touched',
  detect_only: 'Reported only',
  disarmed: 'Disarmed on the machine',
  failed: 'Failed',
  released: 'Released',
}
/** What each state means for whoever starts the software there. */
export const DEVICE_EFFECTS: Record<string, string> = {
  waiting: 'The device has not taken over the newest list.',
  enforced: 'Starts are denied, or ended at once.',
  watched: 'Starts are reported, and go on.',
  not_installed: 'The software is not installed there.',
  refused: 'Every file of it is on the list that sensors never touch.',
  detect_only: 'The device may not enforce it. Starts are reported.',
  disarmed: 'Somebody disarmed the sensor on the machine.',
  failed: 'It could not be done.',
  released: 'It starts again there.',
}

export const RUNG_WORDS: Record<string, string> = { lsm: 'denied in the kernel', fanotify: 'denied before it starts', kill: 'ended when it starts', detect: 'reported only' }

/** The software that a rule is about, each version range in words. */
export function targetText(t: ApplicationBlock['targets'][number]): string {
  const name = t.package || t.source
  const from = t.introduced ? ` from ${t.introduced}` : ''
  return `${name}${from}${t.fixed ? ` below ${t.fixed}` : ', every version'} on ${t.ecosystem}`
}

/** Whether it may block without saying why so early. */
export const mayBlock = (rule: Pick<ApplicationBlock, 'block_possible_at'>, now: Date): boolean =>
  Date.parse(rule.block_possible_at) <= now.getTime()

/** Why a device does not do as it should; empty where it does. */
export const faultText = (d: Pick<ApplicationBlockDevice, 'code' | 'message'>): string => [d.message, d.code && !d.message && humanise(d.code)].filter(Boolean).join(' ')

/** What of a rule's software is left alone on a device: the file or package, and why. */
export function leftAlone(refused: unknown): { name: string; why: string }[] {
  const text = (value: unknown): string => (typeof value === 'string' ? value : '')
  return (Array.isArray(refused) ? refused : []).map((one: Record<string, unknown>) => ({
    name: text(one?.path) || text(one?.package),
    why: text(one?.reason) || text(one?.code),
  }))
}
