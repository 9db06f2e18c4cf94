import { useSuspenseQuery } from '@tanstack/react-query'
import { Link, useParams } from '@tanstack/react-router'
import { deviceQuery } from '../../api/queries/devices'
import { DeviceFacts } from './DeviceFacts'

export function FactsTab() {
  const { deviceId } = useParams({ from: '/inside/devices/$deviceId/facts' })
  const { data } = useSuspenseQuery(deviceQuery(deviceId))
  const of = { search: { device: deviceId } }
  return (
    <div className="settings">
      <DeviceFacts device={data} />
      <nav className="panel-links" aria-label="What its inventory holds">
        <Link className="link" to="/hardware" {...of}>Hardware and firmware</Link>
        <Link className="link" to="/shares" {...of}>Network shares</Link>
        <Link className="link" to="/browser-extensions" {...of}>Browser extensions</Link>
        <Link className="link" to="/remediations" {...of}>Remediations</Link>
      </nav>
    </div>
  )
}
