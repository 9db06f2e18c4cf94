import type { RemediationDeed } from '../../api/queries/remediations'
import type { Remediation, RemediationRun } from '../../api/types'

export const STATE_WORDS: Record<string, string> = {
  requested: 'Requested',
  running: 'Running',
  checked: 'Dry run is over',
  paused: 'Paused',
  stopped: 'Stopped by a failure',
  completed: 'Completed',
  cancelled: 'Cancelled',
}
export const PRIORITY_WORDS: Record<string, string> = { high: 'High', medium: 'Medium', low: 'Low' }

/** Where a device stands. */
export const STEP_WORDS: Record<string, string> = {
  waiting: 'Waits',
  checking: 'Dry run ordered',
  checked: 'Dry run went well',
  refused: 'Dry run refused',
  applying: 'Update ordered',
  applied: 'Updated; inventory awaited',
  verified: 'Verified by its inventory',
  failed: 'Failed',
  rolling_back: 'Going back',
  rolled_back: 'Went back',
  gone: 'Left service',
}

/** Why it stands still, waits or has stopped, by the code of its reason. */
export const REASON_WORDS: Record<string, string> = {
  waiting_for_devices: 'Devices are at work, or their inventory is awaited.',
  canary_stands: 'The first machine has to stand for a while before others follow.',
  window_closed: 'The maintenance window is closed.',
  devices_unreachable: 'Devices did not fetch their orders; they are asked again.',
  order_not_given: 'An order could not be given.',
  paused_by_person: 'Somebody paused it.',
  cancelled_by_person: 'Somebody cancelled it.',
  rolling_back: 'Devices go back to the versions from before.',
  rolled_back: 'Devices went back to the versions from before.',
  update_failed: 'The update failed on a device.',
  update_refused: 'The dry run says that it would not work on a device.',
  update_not_shown: 'A device says that it is done, and its inventory does not show it.',
}

export const isOver = (state: string): boolean => state === 'completed' || state === 'cancelled'

/** What may be approved now; nothing where people carry it out or it goes on. */
export function approvable(r: Pick<Remediation, 'state' | 'run'>): boolean {
  return r.run !== null && ['requested', 'checked', 'stopped'].includes(r.state)
}

/** Which further deeds fit its state. */
export function deedsOf(r: Pick<Remediation, 'state' | 'run' | 'approved_at' | 'reason_code'>): RemediationDeed[] {
  const deeds: RemediationDeed[] = []
  if (r.state === 'running') deeds.push('pause')
  if (r.state === 'paused' && r.approved_at !== null) deeds.push('resume')
  if (r.run && r.approved_at !== null && !r.reason_code.startsWith('roll') && ['running', 'checked', 'paused', 'stopped', 'completed'].includes(r.state)) deeds.push('rollback')
  if (!isOver(r.state)) deeds.push('cancel')
  return deeds
}

export const WEEKDAYS = ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday']

const pad = (n: number): string => String(n).padStart(2, '0')

/** "UTC+01:00" */
export function zoneText(minutes: number): string {
  const size = Math.abs(minutes)
  return minutes === 0 ? 'UTC' : `UTC${minutes < 0 ? '−' : '+'}${pad(Math.floor(size / 60))}:${pad(size % 60)}`
}

/** When updates may begin, as a part of a sentence. */
export function windowText(window: RemediationRun['window']): string {
  if (!window) return 'at any time'
  const days = window.weekdays.length === 7 ? 'every day' : `on ${[...window.weekdays].sort((a, b) => a - b).map((d) => WEEKDAYS[d]).join(', ')}`
  return `${days} from ${window.start} for ${window.minutes} minutes (${zoneText(window.timezone_offset_minutes ?? 0)})`
}

/** How it is carried out. */
export function runText(run: RemediationRun | null): string {
  if (!run) return 'By people; the progress is measured from inventories all the same'
  const soak = run.soak_minutes ? ` and has stood for ${run.soak_minutes} minutes` : ''
  const first = run.canary ? `one machine first, the others once its inventory shows the fix${soak}; ` : ''
  return `By sensors: ${first}at most ${run.at_once ?? 1} at once, ${windowText(run.window)}`
}
