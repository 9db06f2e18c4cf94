import { Select, Table, TableBody, TableCell, TableRow } from '@fluentui/react-components'
import { useQuery } from '@tanstack/react-query'
import { healthTrendQuery } from '../../api/queries/health'
import type { HealthTrend } from '../../api/types'
import { ErrorBar } from '../../components/ErrorBar'
import { HeadRow } from '../../components/HeadRow'
import { Instant } from '../../components/Instant'
import { Loading } from '../../components/states'
import { HEALTH_RANGES, type HealthRange } from '../../lib/search'
import { formatLocal, parseInstant } from '../../lib/time'
import { HEIGHT, trendShape, WIDTH } from './trendPath'

const RANGE_NAMES: Record<HealthRange, string> = { '24h': 'Last 24 hours', '7d': 'Last 7 days', '30d': 'Last 30 days', '90d': 'Last 90 days' }

/** How many machines were unhealthy over time, by kind. */
export function Trend({ range, onRange }: { range: HealthRange; onRange: (range: HealthRange) => void }) {
  const trend = useQuery(healthTrendQuery(HEALTH_RANGES[range]))
  return (
    <section className="card" aria-label="Over time">
      <div className="row between wrap">
        <h2 className="card-title">Unhealthy machines over time</h2>
        <Select size="small" aria-label="Time range" value={range} onChange={(_, d) => onRange(d.value as HealthRange)}>
          {Object.entries(RANGE_NAMES).map(([key, name]) => <option key={key} value={key}>{name}</option>)}
        </Select>
      </div>
      {trend.data ? <Course trend={trend.data} hours={HEALTH_RANGES[range]} /> : trend.error ? <ErrorBar what="The course could not be read" error={trend.error} retry={() => void trend.refetch()} /> : <Loading what="the course" rows={3} />}
    </section>
  )
}

function Course({ trend, hours }: { trend: HealthTrend; hours: number }) {
  const { items } = trend
  const shape = trendShape(items)
  const name = (index: number) => {
    const at = parseInstant(items[index]?.at)
    if (!at) return ''
    const text = formatLocal(at)
    return hours <= 24 ? text.slice(11, 16) : text.slice(5, 10)
  }
  const last = items.at(-1)
  const most = Math.max(...items.map((p) => p.installation + p.heartbeat))
  return (
    <>
      <div className="row wrap small">
        <span><span className="trend-key installation" aria-hidden />Installation: {last?.installation ?? 0} now</span>
        <span><span className="trend-key heartbeat" aria-hidden />Heartbeat: {last?.heartbeat ?? 0} now</span>
        {most === 0 && <span className="muted">No machine was unhealthy in this time.</span>}
      </div>
      <svg className="trend" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label={`Unhealthy machines, now ${last?.installation ?? 0} by installation and ${last?.heartbeat ?? 0} by heartbeat; the table below has every instant`}>
        {shape.lines.map(({ y, value }) => (
          <g key={value}>
            <line className="axis" x1={36} x2={WIDTH - 8} y1={y} y2={y} />
            <text x={30} y={y + 4} textAnchor="end">{value}</text>
          </g>
        ))}
        {shape.marks.map(({ x, index }, n) => (
          <text key={index} x={x} y={HEIGHT - 6} textAnchor={n === 0 ? 'start' : n === shape.marks.length - 1 ? 'end' : 'middle'}>{name(index)}</text>
        ))}
        <path className="installation" d={shape.paths.installation} />
        <path className="heartbeat" d={shape.paths.heartbeat} />
      </svg>
      <details>
        <summary>As a table</summary>
        <div className="settings-table" tabIndex={0}>
          <Table size="small" aria-label="Unhealthy machines over time">
            <HeadRow names={['At', 'Installation', 'Heartbeat']} />
            <TableBody>
              {[...items].reverse().map((p) => (
                <TableRow key={p.at}>
                  <TableCell><Instant at={p.at} /></TableCell>
                  <TableCell className="nums">{p.installation}</TableCell>
                  <TableCell className="nums">{p.heartbeat}</TableCell>
                </TableRow>
              ))}
            </TableBody>
          </Table>
        </div>
      </details>
    </>
  )
}
