import { DEADLINES } from '../../lib/search'

/** The address of a query under its short name. */
export const linkAddress = (origin: string, id: string): string => `${origin}/hunting?link=${encodeURIComponent(id)}`

/** The deadline of a link, where it is one that can be chosen here; undefined for the usual one. */
export function linkDeadline(seconds: number | null | undefined): number | undefined {
  return seconds !== 60 ? DEADLINES.find((one) => one === seconds) : undefined
}
