import { Select, Table, TableBody, TableCell, TableRow } from '@fluentui/react-components'
import { useQuery } from '@tanstack/react-query'
import { exposureHistoryQuery } from '../../api/queries/vulnerabilities'
import type { ExposurePoint } from '../../api/types'
import { ErrorBar } from '../../components/ErrorBar'
import { HeadRow } from '../../components/HeadRow'
import { Instant } from '../../components/Instant'
import { Loading } from '../../components/states'
import { formatCount } from '../../lib/format'
import { EXPOSURE_RANGES, type ExposureRange } from '../../lib/vulnerabilitySearch'
import { CourseChart } from './CourseChart'
import { scoreChange } from './scorePath'
import { scoreText } from './words'

const RANGE_NAMES: Record<ExposureRange, string> = { '7d': 'Last 7 days', '30d': 'Last 30 days', '90d': 'Last 90 days', '1y': 'Last year' }

interface Props {
  range: ExposureRange
  now: number | null
  onRange: (range: ExposureRange) => void
}

/** The organisation's exposure over time. */
export function ScoreTrend({ range, now, onRange }: Props) {
  const history = useQuery(exposureHistoryQuery(EXPOSURE_RANGES[range]))
  return (
    <section className="card" aria-label="Exposure over time">
      <div className="row between wrap">
        <h2 className="card-title">Exposure over time</h2>
        <Select size="small" aria-label="Time range" value={range} onChange={(_, d) => onRange(d.value as ExposureRange)}>
          {Object.entries(RANGE_NAMES).map(([key, name]) => <option key={key} value={key}>{name}</option>)}
        </Select>
      </div>
      {!history.data ? (
        history.error ? <ErrorBar what="The course could not be read" error={history.error} retry={() => void history.refetch()} /> : <Loading what="the course" rows={3} />
      ) : !history.data.kept ? (
        <p className="muted">It is kept for the whole organisation, and you see some device groups of it.</p>
      ) : history.data.items.length === 0 ? (
        <p className="muted">Nothing was judged in this time.</p>
      ) : (
        <Course items={history.data.items} days={EXPOSURE_RANGES[range]} now={now} />
      )}
    </section>
  )
}

function Course({ items, days, now }: { items: ExposurePoint[]; days: number; now: number | null }) {
  const change = scoreChange(items)
  const moved = change === undefined || Math.abs(change) < 0.05 ? 'It did not move.' : `${change > 0 ? 'Up' : 'Down'} by ${Math.abs(change).toFixed(1)}.`
  return (
    <>
      <p className="small">Now <b>{scoreText(now)}</b>. {moved}</p>
      <CourseChart label={`Exposure over ${days} days, now ${scoreText(now)}. ${moved} The table below has every point`} points={items} days={days} lines={[0, 30, 70, 100]} />
      <details>
        <summary>As a table</summary>
        <div className="settings-table" tabIndex={0}>
          <Table size="small" aria-label="Exposure over time">
            <HeadRow names={['At', 'Exposure', 'Devices', 'Findings']} />
            <TableBody>
              {[...items].reverse().slice(0, 200).map((p) => (
                <TableRow key={p.time}>
                  <TableCell><Instant at={p.time} /></TableCell>
                  <TableCell className="nums">{scoreText(p.score)}</TableCell>
                  <TableCell className="nums">{formatCount(p.devices)}</TableCell>
                  <TableCell className="nums">{formatCount(p.findings)}</TableCell>
                </TableRow>
              ))}
            </TableBody>
          </Table>
        </div>
      </details>
    </>
  )
}
