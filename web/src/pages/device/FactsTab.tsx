import { useSuspenseQuery } from '@tanstack/react-query'
import { useParams } from '@tanstack/react-router'
import { deviceQuery } from '../../api/queries/devices'
import { DeviceFacts } from './DeviceFacts'

export function FactsTab() {
  const { deviceId } = useParams({ from: '/inside/devices/$deviceId/facts' })
  const { data } = useSuspenseQuery(deviceQuery(deviceId))
  return <div className="settings"><DeviceFacts device={data} /></div>
}
