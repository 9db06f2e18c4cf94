import { Table, TableBody, TableCell, TableRow } from '@fluentui/react-components'
import type { MachineHealth } from '../../api/types'
import { HeadRow } from '../../components/HeadRow'
import { Instant } from '../../components/Instant'
import { EmptyState, Loading } from '../../components/states'
import { parseInstant, formatMillis } from '../../lib/time'
import { KIND_WORDS } from './words'

/** Every finding that was raised on a machine, newest first. */
export function History({ health }: { health: MachineHealth | undefined }) {
  if (!health) return <Loading what="its history" />
  if (health.history.length === 0) return <EmptyState title="Nothing was ever wrong">What is raised on this machine stays here after it was mended.</EmptyState>
  return (
    <div className="settings-table" tabIndex={0}>
      <Table aria-label="History" className="wide-table">
        <HeadRow names={['Raised', 'Cleared', 'Stood for', 'Kind', 'What was the case']} />
        <TableBody>
          {health.history.map((h) => (
            <TableRow key={`${h.code}${h.raised_at}`}>
              <TableCell><Instant at={h.raised_at} /></TableCell>
              <TableCell>{h.cleared_at ? <Instant at={h.cleared_at} /> : <b>stands</b>}</TableCell>
              <TableCell className="nums">{stood(h.raised_at, h.cleared_at)}</TableCell>
              <TableCell>{KIND_WORDS[h.kind] ?? h.kind}</TableCell>
              <TableCell className="break">{h.message} <code className="muted small">{h.code}</code></TableCell>
            </TableRow>
          ))}
        </TableBody>
      </Table>
    </div>
  )
}

function stood(from: string, to: string | null | undefined): string {
  const [begun, ended] = [parseInstant(from), parseInstant(to)]
  return begun && ended ? formatMillis(Math.max(0, ended.getTime() - begun.getTime())) : ''
}
