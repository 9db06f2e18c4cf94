import { Switch } from '@fluentui/react-components'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { enforcementQuery, useEnforce } from '../../api/queries/usage'
import { ConfirmDialog } from '../../components/ConfirmDialog'

/** The tenant's switch; what it does not close is said beside it. */
export function Enforcement({ admin }: { admin: boolean }) {
  const enforcement = useQuery(enforcementQuery)
  const enforce = useEnforce()
  const [asking, setAsking] = useState(false)
  if (!enforcement.data) return null
  const on = enforcement.data.enforcement === 'on'
  return (
    <section className="card" aria-label="Enforcement">
      <h2 className="card-title">Enforcement</h2>
      <Switch
        checked={on}
        disabled={!admin || enforce.isPending}
        label={on ? 'Pages need their plan' : 'Every page is open; plans only say what is metered'}
        onChange={() => setAsking(true)}
      />
      <p className="muted">Capture, prevention and the health of devices need no plan, whatever this says.</p>
      <ConfirmDialog
        open={asking}
        title={on ? 'Open every page?' : 'Close pages whose plan is missing?'}
        confirm={on ? 'Open them' : 'Close them'}
        busy={enforce.isPending}
        error={enforce.error}
        onClose={() => { setAsking(false); enforce.reset() }}
        onConfirm={() => enforce.mutate(on ? 'off' : 'on', { onSuccess: () => setAsking(false) })}
      >
        {on
          ? 'Everybody of this tenant sees every page again, whichever plans it has.'
          : 'The security explorer and recommendations on EDR products open only where a subscription has the plan that they need. Nothing on any machine changes.'}
      </ConfirmDialog>
    </section>
  )
}
