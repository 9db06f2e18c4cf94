import type { Machine } from '../../api/types'

export type VerbKey = 'fix' | 'exclude' | 'include' | 'move' | 'redeploy' | 'offboard' | 'onboard'

interface Verb {
  label: string
  title: (what: string) => string
  /** What will happen on each machine. */
  effect: string
  confirm: string
  done: string
  /** The permission that it needs. */
  permission: 'machines.operate' | 'machines.manage'
  /** Whether a reason is asked for. */
  reason: boolean
  fits: (machine: Machine) => boolean
}

const present = (m: Machine) => !m.retired_at

/** What can be done about machines, in the order of the menu. */
export const MACHINE_VERBS: Record<VerbKey, Verb> = {
  fix: {
    label: 'Fix',
    title: (what) => `Fix ${what}?`,
    effect: 'What waits for its pause is tried at once: preflight, installation, repair, whatever comes next.',
    confirm: 'Fix',
    done: 'It is looked at now.',
    permission: 'machines.operate',
    reason: false,
    fits: (m) => present(m) && !m.offboarded_at,
  },
  move: {
    label: 'Move…',
    title: (what) => `Move ${what} to another subscription?`,
    effect: 'Device and history stay. Metering splits at the hour, plans and exclusions of the other subscription hold from now on, and the extension is deployed anew.',
    confirm: 'Move',
    done: 'It was moved.',
    permission: 'machines.manage',
    reason: true,
    fits: present,
  },
  exclude: {
    label: 'Exclude…',
    title: (what) => `Exclude ${what} from installation?`,
    effect: 'No sensor is installed, repaired or upgraded there any more. A sensor that is there stays and goes on.',
    confirm: 'Exclude',
    done: 'It is excluded.',
    permission: 'machines.operate',
    reason: true,
    fits: (m) => present(m) && m.exclusion === '',
  },
  include: {
    label: 'End the exclusion',
    title: (what) => `Take ${what} in again?`,
    effect: 'A sensor is installed there by itself, where one belongs.',
    confirm: 'End the exclusion',
    done: 'It is no longer excluded.',
    permission: 'machines.operate',
    reason: false,
    fits: (m) => present(m) && m.exclusion !== '',
  },
  redeploy: {
    label: 'Delete the extension…',
    title: (what) => `Delete the extension of ${what}?`,
    effect: 'Only the record that endpoint protection is there goes. The sensor stays; while the component is on, the extension returns within a minute.',
    confirm: 'Delete the extension',
    done: 'It is deleted and comes back while the component is on.',
    permission: 'machines.operate',
    reason: true,
    fits: (m) => present(m) && m.extension !== 'off',
  },
  offboard: {
    label: 'Offboard…',
    title: (what) => `Take ${what} out of service?`,
    effect: 'Its certificate is revoked and its sensor is taken off. Nothing is recorded there any more. What was recorded stays.',
    confirm: 'Offboard',
    done: 'It is taken out of service.',
    permission: 'machines.manage',
    reason: true,
    fits: (m) => present(m) && !m.offboarded_at,
  },
  onboard: {
    label: 'Take back…',
    title: (what) => `Take ${what} back into service?`,
    effect: 'The machine is served as if it were new: preflight, installation, enrolment.',
    confirm: 'Take back',
    done: 'It is taken back.',
    permission: 'machines.manage',
    reason: true,
    fits: (m) => present(m) && Boolean(m.offboarded_at),
  },
}
export const VERB_KEYS = Object.keys(MACHINE_VERBS) as VerbKey[]

/** "web-1", "web-1 and web-2", "17 machines". */
export function named(machines: { name: string }[]): string {
  if (machines.length === 0) return 'nothing'
  if (machines.length > 2) return `${machines.length} machines`
  return machines.map((m) => m.name).join(' and ')
}
