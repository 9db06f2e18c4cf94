import { Button } from '@fluentui/react-components'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import { type RemediationDeed, useRemediationDeed } from '../../api/queries/remediations'
import { useMay } from '../../api/queries/session'
import type { Remediation } from '../../api/types'
import { ConfirmDialog } from '../../components/ConfirmDialog'
import { PageHeader } from '../../components/PageHeader'
import { formatCount } from '../../lib/format'
import { RemediationState } from './badges'
import { ApproveDialog } from './ApproveDialog'
import { ChangeDialog } from './ChangeDialog'
import { approvable, deedsOf, isOver } from './words'

interface Deed {
  label: string
  confirm: string
  title: (r: Remediation) => string
  effect: (r: Remediation) => string
  permission: 'orders.create' | 'vulnerabilities.manage'
}

const machines = (n: number): string => (n === 1 ? '1 machine' : `${formatCount(n)} machines`)

const DEEDS: Record<RemediationDeed, Deed> = {
  pause: {
    label: 'Pause', confirm: 'Pause', permission: 'vulnerabilities.manage', title: (r) => `Pause “${r.title}”?`,
    effect: () => 'No further machine is begun. What is under way on a machine goes on to its end.',
  },
  resume: {
    label: 'Resume', confirm: 'Resume', permission: 'orders.create', title: (r) => `Resume “${r.title}”?`,
    effect: (r) => `The ${machines(r.devices - r.devices_gone - r.devices_fixed)} that remain go on as it was approved.`,
  },
  rollback: {
    label: 'Roll back', confirm: 'Roll back', permission: 'orders.create', title: (r) => `Roll “${r.title}” back?`,
    effect: () => 'Every machine that was updated goes back to the versions from before, where it said that it can. It is vulnerable again. Everything else of the remediation stands still.',
  },
  cancel: {
    label: 'Cancel', confirm: 'Cancel the remediation', permission: 'vulnerabilities.manage', title: (r) => `Cancel “${r.title}”?`,
    effect: () => 'No further machine is begun. What was updated stays updated.',
  },
}

/** What it is, where it stands, and what can be done now. */
export function RemediationHeader({ of: r }: { of: Remediation }) {
  const may = { 'orders.create': useMay('orders.create'), 'vulnerabilities.manage': useMay('vulnerabilities.manage') }
  const deed = useRemediationDeed()
  const [asking, setAsking] = useState<RemediationDeed>()
  const [changing, setChanging] = useState(false)
  const [approving, setApproving] = useState(false)
  const text = asking && DEEDS[asking]
  const deeds = deedsOf(r).filter((key) => may[DEEDS[key].permission])
  const close = () => { setAsking(undefined); deed.reset() }
  return (
    <div className="device-head">
      <nav className="crumbs" aria-label="Where you are"><Link className="link" to="/remediations">Remediation</Link> / {r.title}</nav>
      <PageHeader
        title={r.title}
        actions={
          <>
            {may['orders.create'] && approvable(r) && <Button appearance="primary" onClick={() => setApproving(true)}>Approve…</Button>}
            {deeds.map((key) => <Button key={key} appearance={key === 'resume' ? 'primary' : 'secondary'} onClick={() => setAsking(key)}>{DEEDS[key].label}</Button>)}
            {may['vulnerabilities.manage'] && !isOver(r.state) && <Button onClick={() => setChanging(true)}>Change</Button>}
          </>
        }
      >
        <RemediationState state={r.state} /> · <Link className="link" to="/recommendations" search={{ panel: r.recommendation_id }}>its recommendation</Link>
      </PageHeader>
      <ConfirmDialog
        open={asking !== undefined}
        title={text?.title(r) ?? ''}
        confirm={text?.confirm ?? ''}
        busy={deed.isPending}
        error={deed.error}
        onClose={close}
        onConfirm={() => asking && deed.mutate({ id: r.id, deed: asking }, { onSuccess: close })}
      >
        {text?.effect(r)}
      </ConfirmDialog>
      {approving && <ApproveDialog of={r} onClose={() => setApproving(false)} />}
      {changing && <ChangeDialog of={r} onClose={() => setChanging(false)} />}
    </div>
  )
}
