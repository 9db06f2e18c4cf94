import { Button } from '@fluentui/react-components'
import { CheckmarkCircleRegular, CircleRegular, WarningRegular } from '@fluentui/react-icons'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import { useChangeSubscription, useFixSubscription } from '../../api/queries/usage'
import type { Subscription } from '../../api/types'
import { ConfirmDialog } from '../../components/ConfirmDialog'
import { ErrorBar } from '../../components/ErrorBar'
import { ReasonDialog } from '../../components/ReasonDialog'
import { formatCount } from '../../lib/format'

const LOOKS = {
  on: ['good', CheckmarkCircleRegular],
  partial: ['warn', WarningRegular],
  off: ['quiet', CircleRegular],
} as const

/** Endpoint protection of a subscription: On, Off or Partial, and what mends it. */
export function Component({ of, operate, manage }: { of: Subscription; operate: boolean; manage: boolean }) {
  const { name, on, state, label, wanted, missing } = of.endpoint_protection
  const fix = useFixSubscription()
  const protect = useChangeSubscription()
  const [asking, setAsking] = useState(false)
  const [look, Icon] = LOOKS[state as keyof typeof LOOKS] ?? LOOKS.off
  const close = () => { setAsking(false); protect.reset() }
  return (
    <div className="stack">
      <div className={`state ${look}`}>
        <span className="state-icon" aria-hidden><Icon /></span>
        <span><b>Endpoint protection</b>: {state === 'partial' ? `Partial, ${label}` : label}</span>
      </div>
      <div className="muted small">
        <code>{name}</code>
        {on && wanted > 0 && (
          <> on <Link className="link" to="/machines" search={{ subscription: of.id, sort: 'extension', order: 'desc' }}>{formatCount(wanted - missing)} of {formatCount(wanted)} {wanted === 1 ? 'machine' : 'machines'}</Link></>
        )}
      </div>
      <div className="row wrap">
        {on && missing > 0 && operate && (
          <Button size="small" appearance="primary" aria-label={`Fix ${of.name}`} disabled={fix.isPending} onClick={() => fix.mutate(of.id)}>Fix</Button>
        )}
        {manage && (
          <Button size="small" aria-label={`${on ? 'Switch off' : 'Switch on'} endpoint protection of ${of.name}`} onClick={() => setAsking(true)}>
            {on ? 'Switch off' : 'Switch on'}
          </Button>
        )}
      </div>
      {fix.data && missing > 0 && (
        <p role="status">
          {fix.data.machines === 1 ? 'One machine is' : `${formatCount(fix.data.machines)} machines are`} looked at now. What still cannot be
          done is a finding on the machine, with what to do.
        </p>
      )}
      <ErrorBar what="Nothing was begun" error={fix.error} />
      {asking && on && (
        <ReasonDialog
          title={`Switch endpoint protection of ${of.name} off?`}
          confirm="Switch off"
          busy={protect.isPending}
          error={protect.error}
          onClose={close}
          onConfirm={(reason) => protect.mutate({ id: of.id, endpoint_protection: false, reason }, { onSuccess: close })}
        >
          <p>No sensor is installed, repaired or upgraded in this subscription any more{wanted > 0 && <>, on {formatCount(wanted)} {wanted === 1 ? 'machine' : 'machines'}</>}. Sensors that are there stay, and go on protecting.</p>
        </ReasonDialog>
      )}
      <ConfirmDialog
        open={asking && !on}
        title={`Switch endpoint protection of ${of.name} on?`}
        confirm="Switch on"
        busy={protect.isPending}
        error={protect.error}
        onClose={close}
        onConfirm={() => protect.mutate({ id: of.id, endpoint_protection: true }, { onSuccess: close })}
      >
        Every machine of this subscription that can have a sensor gets one by itself, unless it is excluded.
      </ConfirmDialog>
    </div>
  )
}
