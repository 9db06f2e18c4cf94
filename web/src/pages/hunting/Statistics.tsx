import type { HuntingResult } from '../../api/types'
import { formatBytes, formatCount } from '../../lib/format'
import { formatMillis } from '../../lib/time'

/** What the query cost, as the server measured it. */
export function Statistics({ result }: { result: HuntingResult }) {
  const { stats, rows } = result
  const parts = [
    `${formatCount(rows.length)} ${rows.length === 1 ? 'row' : 'rows'} in ${formatMillis(stats.wall_ms)}`,
    // Nought means that the server did not count, where rows came.
    stats.rows_scanned > 0 || rows.length === 0 ? `${formatCount(stats.rows_scanned)} scanned` : '',
    `CPU ${formatMillis(stats.cpu_ms)}`,
    stats.peak_memory_bytes > 0 ? `memory ${formatBytes(stats.peak_memory_bytes)}` : '',
  ]
  return <p className="small muted nums" role="status" aria-label="Statistics">{parts.filter(Boolean).join(' · ')}</p>
}
