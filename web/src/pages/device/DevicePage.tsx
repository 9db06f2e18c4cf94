import { Tab, TabList } from '@fluentui/react-components'
import { useQuery } from '@tanstack/react-query'
import { Link, Outlet, useNavigate, useParams, useRouterState } from '@tanstack/react-router'
import { deviceQuery } from '../../api/queries/devices'
import { asApiError } from '../../api/errors'
import { EmptyState, ErrorState, Loading } from '../../components/states'
import { DeviceHeader } from './DeviceHeader'

const TABS = { timeline: 'Timeline', facts: 'Facts', software: 'Software', vulnerabilities: 'Vulnerabilities', baseline: 'Baseline', orders: 'Orders', sensor: 'Sensor' } as const
type TabKey = keyof typeof TABS

/** One machine: what it is, how bad, since when, what now; and its tabs. */
export function DevicePage() {
  const { deviceId } = useParams({ from: '/inside/devices/$deviceId' })
  const device = useQuery(deviceQuery(deviceId))
  const navigate = useNavigate()
  const tab = useRouterState({ select: (state) => state.location.pathname.split('/')[3] ?? 'timeline' })

  if (!device.data) {
    return (
      <div className="page">
        {device.isError && asApiError(device.error).status === 404 ? (
          <EmptyState title="There is no such device" action={<Link className="link" to="/devices">Look for it in the list</Link>}>
            The address is wrong, or the machine was taken out.
          </EmptyState>
        ) : device.isError ? (
          <ErrorState what="The device could not be read" error={device.error} retry={() => void device.refetch()} />
        ) : (
          <Loading what="the device" />
        )}
      </div>
    )
  }
  return (
    <div className="page">
      <DeviceHeader device={device.data} />
      <TabList
        aria-label="Views of the device"
        selectedValue={tab}
        onTabSelect={(_, data) => void navigate({ to: `/devices/$deviceId/${data.value as TabKey}`, params: { deviceId } })}
      >
        {Object.entries(TABS).map(([key, label]) => (
          <Tab key={key} value={key}>{label}</Tab>
        ))}
      </TabList>
      <Outlet />
    </div>
  )
}
