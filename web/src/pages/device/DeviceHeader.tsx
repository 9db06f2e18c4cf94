import { Button } from '@fluentui/react-components'
import { ArrowSyncRegular, BoxSearchRegular, PulseRegular } from '@fluentui/react-icons'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import { useMay } from '../../api/queries/session'
import type { Device, OrderKind } from '../../api/types'
import { HealthNote } from '../../components/HealthNote'
import { Instant } from '../../components/Instant'
import { PageHeader } from '../../components/PageHeader'
import { OrderDialog } from './OrderDialog'

/** The header answers what it is, its health with reason and fix, when it was seen, and offers the actions. */
export function DeviceHeader({ device }: { device: Device }) {
  const may = useMay('orders.create')
  const [kind, setKind] = useState<OrderKind>()
  return (
    <div className="device-head">
      <nav className="crumbs" aria-label="Where you are"><Link className="link" to="/devices">Devices</Link> / {device.name}</nav>
      <PageHeader
        title={device.name}
        actions={
          may && device.onboarding !== 'agentless' && (
            <>
              <Button icon={<PulseRegular />} onClick={() => setKind('ping')}>Ping</Button>
              <Button icon={<ArrowSyncRegular />} onClick={() => setKind('collect-now')}>Collect now</Button>
              <Button icon={<BoxSearchRegular />} onClick={() => setKind('inventory')}>Look again</Button>
            </>
          )
        }
      >
        {[`${device.os_distribution} ${device.os_version}`, device.architecture, device.onboarding === 'agentless' ? 'scanned without a sensor' : `sensor ${device.sensor_version}`].filter(Boolean).join(' · ')}
        {' '}· last seen <Instant at={device.last_seen} show="age" />
        {device.machine_id && <> · <Link className="link" to="/machines/$machineId" params={{ machineId: device.machine_id }}>its machine</Link></>}
      </PageHeader>
      <HealthNote device={device} />
      {kind && <OrderDialog device={device} kind={kind} onClose={() => setKind(undefined)} />}
    </div>
  )
}
