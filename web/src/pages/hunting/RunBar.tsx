import { Button, Select, Tooltip } from '@fluentui/react-components'
import { DismissRegular, PlayFilled, TextIndentIncreaseRegular } from '@fluentui/react-icons'
import type { ReactNode } from 'react'
import { DEADLINES } from '../../lib/search'

interface Props {
  running: boolean
  deadline: number
  onDeadline: (seconds: number) => void
  onRun: () => void
  onCancel: () => void
  onFormat: () => void
  /** Saving and sharing. */
  children: ReactNode
}

const label = (seconds: number) => (seconds < 60 ? `${seconds} seconds` : `${seconds / 60} minute${seconds === 60 ? '' : 's'}`)

/** What is done with the text. */
export function RunBar({ running, deadline, onDeadline, onRun, onCancel, onFormat, children }: Props) {
  return (
    <div className="row wrap">
      <Tooltip content="Ctrl+Enter or Shift+Enter" relationship="description">
        <Button appearance="primary" icon={<PlayFilled />} onClick={onRun}>Run</Button>
      </Tooltip>
      <Button icon={<DismissRegular />} disabled={!running} onClick={onCancel}>Cancel</Button>
      <Select aria-label="Deadline" value={String(deadline)} onChange={(_, d) => onDeadline(Number(d.value))}>
        {DEADLINES.map((seconds) => <option key={seconds} value={seconds}>Stop after {label(seconds)}</option>)}
      </Select>
      <Tooltip content="Shift+Alt+F" relationship="description">
        <Button appearance="subtle" icon={<TextIndentIncreaseRegular />} onClick={onFormat}>Format</Button>
      </Tooltip>
      {children}
      <span className="muted small hide-narrow" title="Ctrl+Space completes, F1 tells about the name under the cursor, Ctrl+M lets Tab leave the editor">Ctrl+Space completes · F1 explains</span>
    </div>
  )
}
