import { Link } from '@tanstack/react-router'
import type { Device } from '../api/types'
import { HealthBadge } from './HealthBadge'

/** Health with its reason and what to do about it. */
export function HealthNote({ device }: { device: Device }) {
  if (device.health === 'active') {
    return (
      <div className="row wrap">
        <HealthBadge health={device.health} />
        {device.health_reason && <span className="muted">{device.health_reason}</span>}
      </div>
    )
  }
  return (
    <div className="health-note">
      <HealthBadge health={device.health} />
      <span>{device.health_reason || 'The server gave no reason.'} <code className="muted">{device.health_code}</code></span>
      {device.health_fix && <span><b>What to do:</b> {device.health_fix}</span>}
      <span className="running-text small">
        <Link className="link" to="/devices/$deviceId/sensor" params={{ deviceId: device.id }}>The sensor’s parts and counters behind this</Link>
      </span>
    </div>
  )
}
