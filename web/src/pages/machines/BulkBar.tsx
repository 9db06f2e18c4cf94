import { Button } from '@fluentui/react-components'
import { useState } from 'react'
import { useSession } from '../../api/queries/session'
import type { Machine } from '../../api/types'
import { formatCount } from '../../lib/format'
import { useSelection } from './selection'
import { VerbDialog } from './VerbDialog'
import { MACHINE_VERBS, VERB_KEYS, type VerbKey } from './verbs'

/** What can be done about the chosen machines; nothing is shown while none is. */
export function BulkBar({ machines }: { machines: Machine[] }) {
  const { chosen, set } = useSelection()
  const held = useSession().data?.permissions ?? []
  // Kept as they were chosen: what is done may take them out of the list.
  const [doing, setDoing] = useState<{ verb: VerbKey; machines: Machine[] }>()
  const some = machines.filter((m) => chosen.has(m.id))
  const keys = VERB_KEYS.filter((key) => held.includes(MACHINE_VERBS[key].permission) && some.some(MACHINE_VERBS[key].fits))
  return (
    <>
      {some.length > 0 && (
        <div className="bulk-bar" role="group" aria-label="Chosen machines">
          <b>{some.length === 1 ? '1 machine' : `${formatCount(some.length)} machines`} chosen</b>
          {keys.map((key) => <Button key={key} size="small" onClick={() => setDoing({ verb: key, machines: some })}>{MACHINE_VERBS[key].label}</Button>)}
          <Button size="small" appearance="subtle" onClick={() => set([])}>Choose none</Button>
        </div>
      )}
      {doing && <VerbDialog {...doing} onClose={() => setDoing(undefined)} />}
    </>
  )
}
