import { Button } from '@fluentui/react-components'
import { PlayRegular } from '@fluentui/react-icons'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { planQuery, useRollOut } from '../../api/queries/connectors'
import type { Connector, ConnectorPlan } from '../../api/types'
import { ConfirmDialog } from '../../components/ConfirmDialog'
import { formatCount } from '../../lib/format'

const machines = (n: number): string => (n === 1 ? '1 machine' : `${formatCount(n)} machines`)

/** Lets the connector act, after saying on how many machines in which wave. */
export function RollOut({ connector }: { connector: Connector }) {
  const [asking, setAsking] = useState(false)
  const plan = useQuery({ ...planQuery(connector.id), enabled: asking })
  const begin = useRollOut()
  const close = () => { setAsking(false); begin.reset() }
  return (
    <>
      <Button appearance="primary" icon={<PlayRegular />} onClick={() => setAsking(true)}>Roll out…</Button>
      <ConfirmDialog
        open={asking}
        title={`Begin the roll-out of ${connector.name}?`}
        confirm="Begin"
        busy={begin.isPending || !plan.data}
        error={begin.error ?? plan.error}
        onClose={close}
        onConfirm={() => begin.mutate(connector.id, { onSuccess: close })}
      >
        {plan.data ? <Words plan={plan.data} /> : 'The dry run is being read…'}
      </ConfirmDialog>
    </>
  )
}

function Words({ plan }: { plan: ConnectorPlan }) {
  const waves = plan.waves.filter((n) => n > 0)
  return (
    <div className="stack">
      <p>
        {plan.install === 0 ? 'No machine gets a sensor now.' : `${machines(plan.install)} get a sensor, ${waves.length === 1 ? 'in one wave' : `in ${waves.length} waves: ${waves.map(formatCount).join(', ')}`}.`}{' '}
        {plan.adopt > 0 && `${machines(plan.adopt)} keep the sensor that is there. `}
        {plan.excluded > 0 && `${machines(plan.excluded)} are left out or cannot be served yet.`}
      </p>
      <p>Each wave is watched before the next begins, and the roll-out is held for you when machines break. Machines that are found later are served by themselves.</p>
    </div>
  )
}
