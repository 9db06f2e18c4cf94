import type { UseQueryResult } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import type { ListedDevice } from '../../api/types'
import { ErrorBar } from '../../components/ErrorBar'
import { Loading } from '../../components/states'
import { formatCount } from '../../lib/format'
import { Exposure } from './MostExposed'

interface Props {
  label: string
  devices: UseQueryResult<{ items: ListedDevice[]; total: number }>
  /** Where all of them are, as CSV. */
  csv: string
}

/** Devices of a panel; the first two hundred, and the file with all of them. */
export function DeviceList({ label, devices, csv }: Props) {
  if (!devices.data) return devices.error ? <ErrorBar what="The devices could not be read" error={devices.error} retry={() => void devices.refetch()} /> : <Loading what="devices" />
  const { items, total } = devices.data
  return (
    <section aria-label={label} className="stack">
      <div className="row between wrap"><h3>{label} ({formatCount(total)})</h3><a className="link" href={csv} download>CSV</a></div>
      {items.length === 0 && <p className="muted">None any more.</p>}
      <ul className="plain-list">
        {items.map((d) => (
          <li key={d.id}>
            <div className="grow">
              <Link className="link" to="/devices/$deviceId/vulnerabilities" params={{ deviceId: d.id }}>{d.name}</Link>
              <div className="muted small">{d.os}</div>
            </div>
            <Exposure score={d.exposure} />
          </li>
        ))}
      </ul>
      {total > items.length && <p className="muted small">The first {formatCount(items.length)} of {formatCount(total)}.</p>}
    </section>
  )
}
