import { PersonRegular } from '@fluentui/react-icons'
import type { ProcessNode } from '../../api/types'

/** One process in the drawing: name, pid, user, command line. */
export function ProcessCard({ process, selected }: { process: ProcessNode; selected: boolean }) {
  const classes = ['process-card', process.focus && 'focus', selected && 'selected', process.is_partial && 'partial']
  return (
    <div className={classes.filter(Boolean).join(' ')}>
      <div className="row between">
        <b className="clip">{process.file_name || 'unknown'}</b>
        <span className="muted nums">{process.pid}</span>
      </div>
      <div className="process-command mono" title={process.command_line}>{process.command_line || process.folder_path}</div>
      <div className="row between muted process-foot">
        <span className="state"><PersonRegular aria-hidden />{process.account_name || 'unknown'}</span>
        <span>{process.focus ? 'this event' : process.is_partial ? 'seen only as a parent' : process.end ? 'ended' : ''}</span>
      </div>
    </div>
  )
}
