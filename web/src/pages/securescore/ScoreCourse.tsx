import { Select, Table, TableBody, TableCell, TableRow } from '@fluentui/react-components'
import { useQuery } from '@tanstack/react-query'
import { secureScoreHistoryQuery } from '../../api/queries/baselines'
import type { SecurePoint } from '../../api/types'
import { ErrorBar } from '../../components/ErrorBar'
import { HeadRow } from '../../components/HeadRow'
import { Instant } from '../../components/Instant'
import { Loading } from '../../components/states'
import { SCORE_RANGES, type ScoreRange } from '../../lib/baselineSearch'
import { formatCount } from '../../lib/format'
import { CourseChart } from '../vulnerabilities/CourseChart'
import { scoreChange } from '../vulnerabilities/scorePath'
import { scoreText } from '../vulnerabilities/words'

const NAMES: Record<ScoreRange, string> = { '30d': 'Last 30 days', '90d': 'Last 90 days', '1y': 'Last year' }
const CAUSES: Record<string, string> = { check: 'check', joined: 'devices joined', left: 'devices left', criticality: 'criticality of devices changed' }

/** What moved the score, in words: "−0.8 Root does not sign in over SSH". */
function changeText({ cause, title, points }: SecurePoint['changes'][number]): string {
  return `${points > 0 ? '+' : '−'}${Math.abs(points).toFixed(1)} ${title || CAUSES[cause] || cause}`
}

interface Props {
  range: ScoreRange
  now: number | null
  onRange: (range: ScoreRange) => void
}

/** The secure score over time, and what moved it. */
export function ScoreCourse({ range, now, onRange }: Props) {
  const history = useQuery(secureScoreHistoryQuery(SCORE_RANGES[range]))
  return (
    <section className="card" aria-label="Secure score over time">
      <div className="row between wrap">
        <h2 className="card-title">Over time</h2>
        <Select size="small" aria-label="Time range" value={range} onChange={(_, d) => onRange(d.value as ScoreRange)}>
          {Object.entries(NAMES).map(([key, name]) => <option key={key} value={key}>{name}</option>)}
        </Select>
      </div>
      {!history.data ? (
        history.error ? <ErrorBar what="The course could not be read" error={history.error} retry={() => void history.refetch()} /> : <Loading what="the course" rows={3} />
      ) : !history.data.kept ? (
        <p className="muted">It is kept for the whole organisation, and you see some device groups of it.</p>
      ) : history.data.items.length === 0 ? (
        <p className="muted">Nothing was compared in this time.</p>
      ) : (
        <Course items={history.data.items} days={SCORE_RANGES[range]} now={now} />
      )}
    </section>
  )
}

function Course({ items, days, now }: { items: SecurePoint[]; days: number; now: number | null }) {
  const change = scoreChange(items)
  const moved = change === undefined || Math.abs(change) < 0.05 ? 'It did not move.' : `${change > 0 ? 'Up' : 'Down'} by ${Math.abs(change).toFixed(1)}.`
  return (
    <>
      <p className="small">{moved}</p>
      <CourseChart label={`Secure score over ${days} days, now ${scoreText(now)}. ${moved} The table below has every point`} points={items} days={days} lines={[0, 50, 100]} />
      <details>
        <summary>What moved it</summary>
        <div className="settings-table" tabIndex={0}>
          <Table size="small" aria-label="Secure score over time">
            <HeadRow names={['At', 'Score', 'Devices', 'What moved it']} />
            <TableBody>
              {[...items].reverse().slice(0, 200).map((p) => (
                <TableRow key={p.time}>
                  <TableCell><Instant at={p.time} /></TableCell>
                  <TableCell className="nums">{scoreText(p.score)}</TableCell>
                  <TableCell className="nums">{formatCount(p.devices)}</TableCell>
                  <TableCell className="break small">{p.changes.map(changeText).join('; ')}</TableCell>
                </TableRow>
              ))}
            </TableBody>
          </Table>
        </div>
      </details>
    </>
  )
}
