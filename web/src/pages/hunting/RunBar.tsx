import { Button, Select, Tooltip } from '@fluentui/react-components'
import { DismissRegular, PlayFilled } from '@fluentui/react-icons'
import { DEADLINES } from '../../lib/search'

interface Props {
  running: boolean
  deadline: number
  onDeadline: (seconds: number) => void
  onRun: () => void
  onCancel: () => void
}

const label = (seconds: number) => (seconds < 60 ? `${seconds} seconds` : `${seconds / 60} minute${seconds === 60 ? '' : 's'}`)

export function RunBar({ running, deadline, onDeadline, onRun, onCancel }: Props) {
  return (
    <div className="row wrap">
      <Tooltip content="Ctrl+Enter or Shift+Enter" relationship="description">
        <Button appearance="primary" icon={<PlayFilled />} onClick={onRun}>Run</Button>
      </Tooltip>
      <Button icon={<DismissRegular />} disabled={!running} onClick={onCancel}>Cancel</Button>
      <Select aria-label="Deadline" value={String(deadline)} onChange={(_, d) => onDeadline(Number(d.value))}>
        {DEADLINES.map((seconds) => <option key={seconds} value={seconds}>Stop after {label(seconds)}</option>)}
      </Select>
      <span className="muted small hide-narrow">Ctrl+Space completes · Ctrl+M lets Tab leave the editor</span>
    </div>
  )
}
