import type { ReactNode } from 'react'
import type { Device } from '../../api/types'
import { CopyButton } from '../../components/CopyText'
import { Instant } from '../../components/Instant'
import { humanise } from '../../lib/format'
import { TagEditor } from './TagEditor'

/** What the machine is, as the sensor says. */
export function DeviceFacts({ device }: { device: Device }) {
  const facts: [string, ReactNode, string?][] = [
    ['Device id', <span className="mono break" key="id">{device.id}</span>, device.id],
    ['System', `${device.os_distribution} ${device.os_version}`.trim()],
    ['Platform', device.os_platform],
    ['Kernel', device.kernel],
    ['Architecture', device.architecture],
    ['Sensor', device.sensor_version],
    ['Scope', device.scope || 'The whole machine'],
    ['Addresses', device.ip_addresses.join(', '), device.ip_addresses.join(', ')],
    ['Tags', <TagEditor key="tags" device={device} />],
    ['Device groups', device.groups.map((group) => group.name).join(', ')],
    ['Criticality', humanise(device.criticality)],
    ['Automation', humanise(device.automation)],
    ['First seen', <Instant key="first" at={device.first_seen} />],
    ['Last seen', <Instant key="seen" at={device.last_seen} />],
    ['Last heartbeat', <Instant key="beat" at={device.last_heartbeat} />],
    ['Last event', <Instant key="event" at={device.last_event} />],
  ]
  return (
    <dl className="fields">
      {facts.map(([name, value, copy]) => (
        <div key={name} className="field">
          <dt>{name}</dt>
          <dd>
            <span>{value || <span className="muted">none</span>}</span>
            {copy && <CopyButton text={copy} label={`Copy ${name.toLowerCase()}`} />}
          </dd>
        </div>
      ))}
    </dl>
  )
}
