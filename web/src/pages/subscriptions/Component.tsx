import { Button } from '@fluentui/react-components'
import { CheckmarkCircleRegular, CircleRegular, WarningRegular } from '@fluentui/react-icons'
import { useState } from 'react'
import { useFixSubscription, useProtect } from '../../api/queries/usage'
import type { Subscription } from '../../api/types'
import { ConfirmDialog } from '../../components/ConfirmDialog'
import { ErrorBar } from '../../components/ErrorBar'
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
  const protect = useProtect()
  const [asking, setAsking] = useState(false)
  const [look, Icon] = LOOKS[state as keyof typeof LOOKS] ?? LOOKS.off
  return (
    <div className="stack">
      <div className={`state ${look}`}>
        <span className="state-icon" aria-hidden><Icon /></span>
        <span><b>Endpoint protection</b>: {state === 'partial' ? `Partial, ${label}` : label}</span>
      </div>
      <div className="muted small">
        <code>{name}</code>
        {on && wanted > 0 && <> on {formatCount(wanted - missing)} of {formatCount(wanted)} machines</>}
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
      <ConfirmDialog
        open={asking}
        title={`Switch endpoint protection of ${of.name} ${on ? 'off' : 'on'}?`}
        confirm={on ? 'Switch off' : 'Switch on'}
        busy={protect.isPending}
        error={protect.error}
        onClose={() => { setAsking(false); protect.reset() }}
        onConfirm={() => protect.mutate({ id: of.id, on: !on }, { onSuccess: () => setAsking(false) })}
      >
        {on
          ? 'No sensor is installed, repaired or upgraded in this subscription any more. Sensors that are there stay, and go on protecting.'
          : 'Every machine of this subscription that can have a sensor gets one by itself, unless it is excluded.'}
      </ConfirmDialog>
    </div>
  )
}
