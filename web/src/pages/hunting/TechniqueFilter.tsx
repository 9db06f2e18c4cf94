import { Button } from '@fluentui/react-components'
import { DismissRegular } from '@fluentui/react-icons'
import { techniqueName } from './attack/technique'

/** Says that only the rows of one ATT&CK technique are shown, and ends that. */
export function TechniqueFilter({ id, onClear }: { id: string; onClear: () => void }) {
  return (
    <div className="row">
      <span className="small">Rows that name {id} {techniqueName(id) !== id && techniqueName(id)}</span>
      <Button size="small" appearance="subtle" icon={<DismissRegular />} onClick={onClear}>Show all rows</Button>
    </div>
  )
}
