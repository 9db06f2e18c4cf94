import type { ExportFormat, ScheduledExportBody } from '../../api/types'

export type Every = 'hour' | 'day' | 'week'
export const EVERY: Record<Every, string> = { hour: 'Every hour', day: 'Every day', week: 'Every week' }
export const WEEKDAYS = ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday'] as const
export const FORMATS: Record<ExportFormat, string> = { csv: 'CSV', json: 'JSON', jsonl: 'JSON lines', parquet: 'Parquet' }

const pad = (n: number) => String(n).padStart(2, '0')

type Times = Pick<ScheduledExportBody, 'every' | 'at_minute' | 'at_hour' | 'on_weekday'>

/** When it runs, in words. Schedules are in UTC, so that they do not move with the seasons. */
export function scheduleWords({ every, at_minute, at_hour, on_weekday }: Times): string {
  if (every === 'hour') return `Every hour at minute ${at_minute}`
  const time = `${pad(at_hour ?? 0)}:${pad(at_minute)} UTC`
  return every !== 'week' ? `Every day at ${time}` : `Every ${WEEKDAYS[(on_weekday ?? 1) - 1] ?? 'week'} at ${time}`
}

/** A schedule with what its rhythm needs and nothing else: hours for days, weekdays for weeks. */
export function timesOf(every: string, minute: number, hour: number, weekday: number): Times {
  return { every, at_minute: minute, at_hour: every === 'hour' ? null : hour, on_weekday: every === 'week' ? weekday : null }
}

/** What the form holds: everything that can be said. */
export type ExportDraft = ScheduledExportBody & { keep: number; enabled: boolean }

/** The format of that name; CSV for one that this console does not know yet. */
export const formatOf = (name: string): ExportFormat => (Object.hasOwn(FORMATS, name) ? (name as ExportFormat) : 'csv')

/** A new one: each night, kept for a week. */
export const newExport = (query: string): ExportDraft => ({ name: '', query, format: 'csv', ...timesOf('day', 0, 4, 1), keep: 7, enabled: true })

/** "04:30" as hour and minute; undefined where it is no time. */
export function timeOf(text: string): { hour: number; minute: number } | undefined {
  const found = /^(\d{2}):(\d{2})/.exec(text)
  const [hour, minute] = [Number(found?.[1]), Number(found?.[2])]
  return found && hour < 24 && minute < 60 ? { hour, minute } : undefined
}
export const timeText = (hour: number | null | undefined, minute: number): string => `${pad(hour ?? 0)}:${pad(minute)}`

/** A whole number within bounds; undefined where it is none. */
export function wholeOf(text: string, least: number, most: number): number | undefined {
  const n = Number(text)
  return text.trim() !== '' && Number.isInteger(n) && n >= least && n <= most ? n : undefined
}

/** Where the file of a run is. */
export const runContent = (id: string, run: string): string => `/api/v1/hunting/scheduled-exports/${encodeURIComponent(id)}/runs/${encodeURIComponent(run)}/content`
