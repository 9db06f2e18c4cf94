import { Button } from '@fluentui/react-components'
import { BeakerRegular, PauseRegular } from '@fluentui/react-icons'
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import { useEndConnector, usePauseConnector, useTestConnector } from '../../api/queries/connectors'
import { useMay } from '../../api/queries/session'
import { subscriptionsQuery } from '../../api/queries/usage'
import type { Connector } from '../../api/types'
import { ErrorBar } from '../../components/ErrorBar'
import { Instant } from '../../components/Instant'
import { PageHeader } from '../../components/PageHeader'
import { ReasonDialog } from '../../components/ReasonDialog'
import { formatCount } from '../../lib/format'
import { RollOut } from './RollOut'
import { StateOf } from './StateOf'
import { kindName } from './words'

/** What it is, how it is, and what can be done with it. */
export function ConnectorHeader({ connector: c }: { connector: Connector }) {
  const operates = useMay('estate.operate')
  const manages = useMay('estate.manage')
  const subscription = useQuery(subscriptionsQuery).data?.items.find((s) => s.id === c.subscription_id)
  const test = useTestConnector()
  const pause = usePauseConnector()
  const end = useEndConnector()
  const [asking, setAsking] = useState<'pause' | 'end'>()
  const close = () => { setAsking(undefined); pause.reset(); end.reset() }
  const over = c.state === 'revoked'
  const reaches = c.kind !== 'cloud_init'
  const machines = c.machines === 1 ? 'Its machine stays' : `Its ${formatCount(c.machines)} machines stay`
  return (
    <div className="device-head">
      <nav className="crumbs" aria-label="Where you are">
        <Link className="link" to="/connectors">Connectors</Link> / {c.name}
      </nav>
      <PageHeader
        title={c.name}
        actions={!over && (
          <>
            {operates && <Button icon={<BeakerRegular />} disabled={c.busy || test.isPending} onClick={() => test.mutate(c.id)}>Test</Button>}
            {operates && reaches && c.state === 'planned' && <RollOut connector={c} />}
            {operates && c.state === 'active' && <Button icon={<PauseRegular />} onClick={() => setAsking('pause')}>Pause…</Button>}
            {manages && <Button onClick={() => setAsking('end')}>End…</Button>}
          </>
        )}
      >
        <StateOf connector={c} /> · {kindName(c.kind)} connector of{' '}
        <Link className="link" to="/estate/$subscriptionId" params={{ subscriptionId: c.subscription_id }} search={{ tab: 'connectors' }}>{subscription?.name ?? 'its subscription'}</Link>
        {' '}· <Link className="link" to="/machines" search={{ connector: c.id }}>{c.machines === 1 ? '1 machine' : `${formatCount(c.machines)} machines`}</Link>
        {' '}· listed <Instant at={c.last_listed} show="age" />
      </PageHeader>
      <ErrorBar what="The test was not begun" error={test.error} />
      {asking === 'pause' && (
        <ReasonDialog title={`Pause ${c.name}?`} confirm="Pause" busy={pause.isPending} error={pause.error} onClose={close} onConfirm={(reason) => pause.mutate({ id: c.id, reason }, { onSuccess: close })}>
          <p>Its machines are listed and looked at as before. Nothing is installed, repaired or upgraded on them through it any more. {machines} in the list, and sensors that are there go on.</p>
        </ReasonDialog>
      )}
      {asking === 'end' && (
        <ReasonDialog title={`End ${c.name}?`} confirm="End the connector" busy={end.isPending} error={end.error} onClose={close} onConfirm={(reason) => end.mutate({ id: c.id, reason }, { onSuccess: close })}>
          <p>Its credential is removed for good, and nothing is listed or done through it any more. {machines} in the list, and sensors that are there go on. This cannot be undone: to connect again, make a new connector.</p>
        </ReasonDialog>
      )}
    </div>
  )
}
