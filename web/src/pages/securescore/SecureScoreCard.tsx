import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { secureScoreQuery } from '../../api/queries/baselines'
import { ErrorBar } from '../../components/ErrorBar'
import { Loading } from '../../components/states'
import { formatCount } from '../../lib/format'
import { scoreText } from '../vulnerabilities/words'
import { Categories, Costs } from './Categories'

/** How well machines are set up, by category, and what costs most. */
export function SecureScoreCard() {
  const found = useQuery(secureScoreQuery)
  const score = found.data
  return (
    <section className="card" aria-label="Secure score">
      <div className="row between wrap">
        <h2 className="card-title">Secure score for devices {score && <b className="nums">{scoreText(score.score)}</b>}</h2>
        <Link className="link" to="/secure-score">Its course, and every device</Link>
      </div>
      {!score ? (
        found.error ? <ErrorBar what="The secure score could not be read" error={found.error} retry={() => void found.refetch()} /> : <Loading what="the secure score" rows={4} />
      ) : (
        <>
          <p className="muted small">
            Of 100, higher is better; over {formatCount(score.devices)} {score.devices === 1 ? 'device' : 'devices'}.
            {score.unassessed_devices > 0 && ` ${formatCount(score.unassessed_devices)} more were not compared with a baseline: nobody knows.`}
          </p>
          <div className="cards"><Categories of={score.categories} /><Costs of={score.costs} most={5} /></div>
        </>
      )}
    </section>
  )
}
