import { Button, MessageBar, MessageBarActions, MessageBarBody, MessageBarTitle, Spinner } from '@fluentui/react-components'
import { CheckmarkCircleRegular, DismissCircleRegular } from '@fluentui/react-icons'
import type { Machine, MachineTask } from '../../api/types'
import { StatusBadge } from '../../components/StatusBadge'
import { useDelayed } from '../../lib/hooks'
import { actionWord } from './words'

/** What was asked for, and the tasks that were there before. */
export interface Asked {
  words: string
  before: ReadonlySet<string>
}

interface Props {
  asked: Asked
  machine: Machine
  tasks: MachineTask[]
  onClose: () => void
}

/** How long nothing may happen before that is said. */
const QUIET = 20_000

/** What happens on the machine since it was asked for, until it is done or has failed. */
export function Underway({ asked, machine, tasks, onClose }: Props) {
  const since = tasks.filter((task) => !asked.before.has(task.id)).reverse()
  const running = machine.doing !== '' || since.some((task) => task.state !== 'done')
  const waited = useDelayed(!running, QUIET)
  const failed = !running && since.at(-1)?.outcome === 'failed'
  const over = (!running && since.length > 0) || waited
  return (
    <MessageBar intent={failed ? 'warning' : over ? 'success' : 'info'} layout="multiline" role="status">
      <MessageBarBody>
        <MessageBarTitle>{asked.words}</MessageBarTitle>{' '}
        {since.length === 0 && (waited ? 'Nothing had to be done.' : 'Waiting for the server to begin…')}
        <ol className="steps">
          {since.map((task) => (
            <li key={task.id}>
              {task.state !== 'done' ? <Spinner size="extra-tiny" aria-label="in progress" /> : task.outcome === 'failed' ? <DismissCircleRegular className="bad" aria-label="failed" /> : <CheckmarkCircleRegular aria-label="done" />}
              <span>{actionWord(task.action)}{task.message && <>: {task.message} <code>{task.code}</code></>}</span>
            </li>
          ))}
        </ol>
        {over && <>It is now <StatusBadge status={machine.status} />.</>}
      </MessageBarBody>
      <MessageBarActions><Button size="small" onClick={onClose}>Close</Button></MessageBarActions>
    </MessageBar>
  )
}
