import { Table, TableBody, TableCell, TableRow } from '@fluentui/react-components'
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { topRecommendationsQuery } from '../../api/queries/vulnerabilities'
import { ErrorBar } from '../../components/ErrorBar'
import { HeadRow } from '../../components/HeadRow'
import { Severity } from '../../components/Severity'
import { Loading } from '../../components/states'
import { formatCount } from '../../lib/format'
import { recommendationTitle, scoreText } from './words'

/** What lowers the exposure most. */
export function TopRecommendations() {
  const top = useQuery(topRecommendationsQuery)
  return (
    <section className="card" aria-label="Top recommendations">
      <div className="row between wrap">
        <h2 className="card-title">What to do first</h2>
        <Link className="link" to="/recommendations">All {top.data ? formatCount(top.data.total) : ''} recommendations</Link>
      </div>
      {!top.data ? (
        top.error ? <ErrorBar what="The recommendations could not be read" error={top.error} retry={() => void top.refetch()} /> : <Loading what="recommendations" rows={3} />
      ) : top.data.items.length === 0 ? (
        <p className="muted">There is none. Where a feed is missing or a device was not judged, that says nothing.</p>
      ) : (
        <div className="settings-table" tabIndex={0}>
          <Table size="small" aria-label="Top recommendations" className="wide-table">
            <HeadRow names={['Recommendation', 'Severity', 'Devices', 'Vulnerabilities', 'Lowers the exposure by']} />
            <TableBody>
              {top.data.items.map((r) => (
                <TableRow key={r.id}>
                  <TableCell><Link className="link" to="/recommendations" search={{ panel: r.id }}>{recommendationTitle(r)}</Link>{r.exploited && <b className="small"> exploited now</b>}</TableCell>
                  <TableCell><Severity severity={r.severity} /></TableCell>
                  <TableCell className="nums">{formatCount(r.exposed_devices)}</TableCell>
                  <TableCell className="nums">{formatCount(r.weaknesses)}</TableCell>
                  <TableCell className="nums">{r.exposure_impact === null ? <span className="muted">for the whole organisation only</span> : scoreText(r.exposure_impact)}</TableCell>
                </TableRow>
              ))}
            </TableBody>
          </Table>
        </div>
      )}
    </section>
  )
}
