/** Which process of a row a tree can be drawn for, the row's own first. */
export interface ProcessRef {
  label: string
  process: string
  at?: string
}

export function processRefs(row: Record<string, unknown>): ProcessRef[] {
  const found: ProcessRef[] = []
  const add = (label: string, id: unknown) => {
    // 0 and the empty text mean that the sensor does not know the process.
    const text = typeof id === 'string' || typeof id === 'number' ? String(id) : ''
    if (text && text !== '0' && !found.some((ref) => ref.process === text)) {
      found.push({ label, process: text, at: typeof row.Timestamp === 'string' ? row.Timestamp : undefined })
    }
  }
  add(name(row.FileName) || 'process', row.ProcessUniqueId)
  const initiator = name(row.InitiatingProcessFileName) || 'initiating process'
  add(found.length > 0 ? `its parent ${initiator}` : initiator, row.InitiatingProcessUniqueId)
  return found
}

const name = (value: unknown): string => (typeof value === 'string' ? value : '')
