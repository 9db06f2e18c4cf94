import { Table, TableBody, TableCell, TableRow } from '@fluentui/react-components'
import { useQuery } from '@tanstack/react-query'
import { profileHistoryQuery } from '../../api/queries/baselines'
import { ErrorBar } from '../../components/ErrorBar'
import { HeadRow } from '../../components/HeadRow'
import { Instant } from '../../components/Instant'
import { formatCount } from '../../lib/format'
import { CourseChart } from '../vulnerabilities/CourseChart'
import { percentText } from './words'

const DAYS = 90

/** How far devices followed a profile over the last ninety days; folded, since the list is what the page is for. */
export function ComplianceCourse({ profile }: { profile: string }) {
  const history = useQuery(profileHistoryQuery(profile, DAYS))
  if (!history.data) return <ErrorBar what="The course could not be read" error={history.error} retry={() => void history.refetch()} />
  const { kept, items } = history.data
  if (!kept || items.length === 0) return null
  const points = items.flatMap(({ time, percent }) => (percent === null ? [] : [{ time, score: percent }]))
  return (
    <details className="whole-bar">
      <summary>Compliance over the last {DAYS} days</summary>
      <div className="cards">
        <CourseChart label={`Compliance over ${DAYS} days, now ${percentText(points.at(-1)?.score ?? null)}. The table has every point`} points={points} days={DAYS} lines={[0, 50, 100]} />
        <div className="settings-table" tabIndex={0}>
          <Table size="small" aria-label="Compliance over time">
            <HeadRow names={['At', 'Compliance', 'Devices', 'Fully compliant']} />
            <TableBody>
              {[...items].reverse().slice(0, 100).map((p) => (
                <TableRow key={p.time}>
                  <TableCell><Instant at={p.time} /></TableCell>
                  <TableCell className="nums">{percentText(p.percent)}</TableCell>
                  <TableCell className="nums">{formatCount(p.devices)}</TableCell>
                  <TableCell className="nums">{formatCount(p.compliant_devices)}</TableCell>
                </TableRow>
              ))}
            </TableBody>
          </Table>
        </div>
      </div>
    </details>
  )
}
