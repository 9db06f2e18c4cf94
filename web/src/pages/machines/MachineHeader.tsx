import { Button, Menu, MenuItem, MenuList, MenuPopover, MenuTrigger } from '@fluentui/react-components'
import { MoreHorizontalRegular, WrenchRegular } from '@fluentui/react-icons'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import { useSession } from '../../api/queries/session'
import { useMachineDeed, VERBS } from '../../api/queries/verbs'
import type { Machine } from '../../api/types'
import { ErrorBar } from '../../components/ErrorBar'
import { Instant } from '../../components/Instant'
import { PageHeader } from '../../components/PageHeader'
import { StatusBadge } from '../../components/StatusBadge'
import { VerbDialog } from './VerbDialog'
import { MACHINE_VERBS, VERB_KEYS, type VerbKey } from './verbs'
import { extensionWord, systemOf } from './words'

interface Props {
  machine: Machine
  /** Told in words what was asked for and accepted. */
  onAsked: (words: string) => void
}

/** What it is, how it is, since when, and what can be done about it. */
export function MachineHeader({ machine: m, onAsked }: Props) {
  const held = useSession().data?.permissions ?? []
  const fix = useMachineDeed()
  const [verb, setVerb] = useState<VerbKey>()
  const can = (key: VerbKey) => held.includes(MACHINE_VERBS[key].permission) && MACHINE_VERBS[key].fits(m)
  const more = VERB_KEYS.filter((key) => key !== 'fix' && can(key))
  return (
    <div className="device-head">
      <nav className="crumbs" aria-label="Where you are"><Link className="link" to="/machines">Machines</Link> / {m.name}</nav>
      <PageHeader
        title={m.name}
        actions={
          <>
            {can('fix') && (
              <Button
                appearance="primary"
                icon={<WrenchRegular />}
                disabled={fix.isPending}
                onClick={() => fix.mutate(() => VERBS.fix(m.id, '', ''), { onSuccess: () => onAsked('It is looked at now.') })}
              >
                Fix
              </Button>
            )}
            {more.length > 0 && (
              <Menu>
                <MenuTrigger disableButtonEnhancement><Button icon={<MoreHorizontalRegular />}>More</Button></MenuTrigger>
                <MenuPopover>
                  <MenuList>{more.map((key) => <MenuItem key={key} onClick={() => setVerb(key)}>{MACHINE_VERBS[key].label}</MenuItem>)}</MenuList>
                </MenuPopover>
              </Menu>
            )}
          </>
        }
      >
        <StatusBadge status={m.status} />
        {[m.subscription, systemOf(m) || 'system not known yet', `extension ${extensionWord(m.extension).toLowerCase()}`].map((part) => <span key={part}> · {part}</span>)}
        {' '}· judged <Instant at={m.evaluated_at} show="age" none="not yet" />
        {m.offboarded_at && <> · <b>out of service</b> since <Instant at={m.offboarded_at} show="age" /></>}
        {m.retired_at && <> · <b>deleted by its cloud</b> <Instant at={m.retired_at} show="age" /></>}
        {m.device_id && <> · <Link to="/devices/$deviceId" params={{ deviceId: m.device_id }} className="link">its device</Link></>}
      </PageHeader>
      {m.exclusion && <p><b>Excluded from installation:</b> {m.exclusion}</p>}
      <ErrorBar what="Nothing was begun" error={fix.error} />
      {verb && (
        <VerbDialog verb={verb} machines={[m]} onClose={() => setVerb(undefined)} onDone={() => onAsked(MACHINE_VERBS[verb].done)} />
      )}
    </div>
  )
}
