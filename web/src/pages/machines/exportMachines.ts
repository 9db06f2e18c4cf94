import { api, unwrap } from '../../api/client'
import type { MachinesAsked } from '../../api/queries/estate'
import type { Machine } from '../../api/types'
import { saveFile, toCsv } from '../../lib/export'

/** The most rows of a file. */
const MOST = 50_000

const FIELDS = [
  'name', 'status', 'subscription', 'os', 'os_version', 'kernel', 'architecture', 'addresses', 'owner', 'tags', 'power', 'extension', 'plan', 'exclusion',
  'first_seen', 'evaluated_at', 'device_id', 'id',
] as const satisfies readonly (keyof Machine)[]

const cell = (value: unknown): unknown => (Array.isArray(value) ? value.join(' ') : value)

/** Every machine that the filters match, as CSV. */
export async function exportMachines(asked: MachinesAsked): Promise<void> {
  const rows: unknown[][] = []
  let cursor: string | undefined
  do {
    const page = await unwrap(api.GET('/api/v1/machines', { params: { query: { ...asked, limit: 1000, cursor } } }))
    rows.push(...page.items.map((m) => FIELDS.map((field) => cell(m[field]))))
    cursor = page.next_cursor ?? undefined
  } while (cursor && rows.length < MOST)
  saveFile('machines.csv', 'text/csv', toCsv(FIELDS.map((name) => ({ name, type: 'string' })), rows))
}
