import { Link } from '@tanstack/react-router'
import type { Device } from '../../api/types'
import { HealthNote } from '../../components/HealthNote'
import { SidePanel } from '../../components/SidePanel'
import { DeviceFacts } from '../device/DeviceFacts'

/** A short look at a machine beside the list. */
export function DevicePanel({ device, onClose }: { device: Device | undefined; onClose: () => void }) {
  return (
    <SidePanel
      open={device !== undefined}
      title={device?.name ?? ''}
      onClose={onClose}
      actions={
        device && (
          <Link className="link" to="/devices/$deviceId/timeline" params={{ deviceId: device.id }}>Open the device page</Link>
        )
      }
    >
      {device && (
        <div className="stack">
          <HealthNote device={device} />
          <DeviceFacts device={device} />
        </div>
      )}
    </SidePanel>
  )
}
