import { Table, TableBody, TableCell, TableRow } from '@fluentui/react-components'
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { softwareDevicesQuery, softwareQuery } from '../../api/queries/vulnerabilities'
import type { SoftwareDetail } from '../../api/types'
import { ErrorBar } from '../../components/ErrorBar'
import { HeadRow } from '../../components/HeadRow'
import { SidePanel } from '../../components/SidePanel'
import { Loading } from '../../components/states'
import { formatCount } from '../../lib/format'
import { DeviceList } from './DeviceList'
import { Judged } from './SoftwarePage'

/** One software: which versions are where, and what is wrong with each. */
export function SoftwarePanel({ id, onClose }: { id: string | undefined; onClose: () => void }) {
  const found = useQuery({ ...softwareQuery(id ?? ''), enabled: id !== undefined })
  const one = id === undefined ? undefined : found.data
  return (
    <SidePanel
      open={id !== undefined}
      title={one?.software.name ?? 'Software'}
      onClose={onClose}
      actions={id && <Link className="link" to="/weaknesses" search={{ software: id }}>Its weaknesses</Link>}
    >
      {one ? <Content one={one} /> : found.error ? <ErrorBar what="The software could not be read" error={found.error} kept="It may be on no device any more." retry={() => void found.refetch()} /> : <Loading what="the software" />}
    </SidePanel>
  )
}

function Content({ one: { software: s, distribution } }: { one: SoftwareDetail }) {
  const devices = useQuery(softwareDevicesQuery(s.id))
  return (
    <div className="stack">
      <p>
        {[...new Set([s.vendor, s.ecosystem])].filter(Boolean).join(' · ')}. On {formatCount(s.installed_devices)} devices, running on {formatCount(s.running_devices)};{' '}
        {formatCount(s.exposed_devices)} of them have a vulnerable version.
        {!s.covered && ' No feed speaks of some version: no finding there is no clean bill.'}
      </p>
      <section aria-label="Versions" className="stack">
        <h3>Versions</h3>
        <Table size="small" aria-label="Versions">
          <HeadRow names={['Version', 'System', 'Devices', 'Worst', 'Found']} />
          <TableBody>
            {distribution.map((v) => (
              <TableRow key={`${v.version} ${v.release}`}>
                <TableCell className="break"><code>{v.version}</code>{v.end_of_support && <div className="muted small">supported until {v.end_of_support}</div>}</TableCell>
                <TableCell>{v.release || s.ecosystem}</TableCell>
                <TableCell className="nums">
                  {formatCount(v.installed_devices)}
                  <span className="severity-track" aria-hidden><span className="severity-fill share" style={{ width: `${(100 * v.installed_devices) / Math.max(1, s.installed_devices)}%` }} /></span>
                </TableCell>
                <TableCell><Judged covered={v.covered} severity={v.severity} /></TableCell>
                <TableCell className="nums">{v.weaknesses || v.covered ? formatCount(v.weaknesses) : '–'}</TableCell>
              </TableRow>
            ))}
          </TableBody>
        </Table>
      </section>
      <DeviceList label="Devices" devices={devices} csv={`/api/v1/software/${s.id}/devices?format=csv`} />
    </div>
  )
}
