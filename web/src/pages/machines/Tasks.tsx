import { Table, TableBody, TableCell, TableRow } from '@fluentui/react-components'
import type { MachineTask } from '../../api/types'
import { ErrorBar } from '../../components/ErrorBar'
import { HeadRow } from '../../components/HeadRow'
import { Instant } from '../../components/Instant'
import { EmptyState, Loading } from '../../components/states'
import { humanise } from '../../lib/format'
import { actionWord } from './words'

const OUTCOMES: Record<string, string> = { done: 'Done', looked: 'Looked at', probed: 'Looked at its sensor', failed: 'Failed' }

interface Props {
  tasks: MachineTask[] | undefined
  error: unknown
  retry: () => void
}

/** What was done on a machine, newest first. */
export function Tasks({ tasks, error, retry }: Props) {
  if (!tasks) return error ? <ErrorBar what="What was done could not be read" error={error} retry={retry} /> : <Loading what="what was done" />
  if (tasks.length === 0) return <EmptyState title="Nothing was done yet">A machine that no connector reaches does everything by itself.</EmptyState>
  return (
    <div className="settings-table" tabIndex={0}>
      <Table aria-label="Tasks" className="wide-table">
        <HeadRow names={['Asked for', 'Action', 'State', 'Ended', 'Outcome']} />
        <TableBody>
          {tasks.map((t) => (
            <TableRow key={t.id}>
              <TableCell><Instant at={t.created_at} /></TableCell>
              <TableCell>{actionWord(t.action)}</TableCell>
              <TableCell>{humanise(t.state)}</TableCell>
              <TableCell><Instant at={t.finished_at} show="age" none="not yet" /></TableCell>
              <TableCell className="break">{t.message ?? OUTCOMES[t.outcome] ?? t.outcome} {t.code && <code className="muted small">{t.code}</code>}</TableCell>
            </TableRow>
          ))}
        </TableBody>
      </Table>
    </div>
  )
}
