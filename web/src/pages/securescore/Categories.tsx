import type { SecureCategories, SecureCost } from '../../api/types'
import { Link } from '@tanstack/react-router'
import { formatCount } from '../../lib/format'
import { CATEGORY_WORDS } from '../baselines/words'
import { scoreText } from '../vulnerabilities/words'
import '../../components/estate.css'

/** The score of each category as bars of one scale. */
export function Categories({ of }: { of: SecureCategories }) {
  return (
    <ul className="plain-list severity-bars" aria-label="Secure score by category">
      {Object.entries(CATEGORY_WORDS).map(([key, label]) => {
        const score = of[key as keyof SecureCategories]
        return (
          <li key={key}>
            <span className="severity-name">{label}</span>
            <span className="severity-track" aria-hidden><span className="severity-fill share" style={{ width: `${score ?? 0}%` }} /></span>
            <span className="nums">{score === null ? <span className="muted small">nothing applies</span> : scoreText(score)}</span>
          </li>
        )
      })}
    </ul>
  )
}

/** What costs the score most, each opening the recommendation that sets it right. */
export function Costs({ of, most = 8 }: { of: SecureCost[]; most?: number }) {
  if (of.length === 0) return <p className="muted">Nothing costs it anything.</p>
  return (
    <ul className="plain-list" aria-label="What costs the secure score most">
      {of.slice(0, most).map((cost) => (
        <li key={cost.recommendation_id}>
          <div className="grow">
            <Link className="link" to="/recommendations" search={{ panel: cost.recommendation_id }}>{cost.title}</Link>
            <div className="muted small">
              {CATEGORY_WORDS[cost.category] ?? cost.category}, on {formatCount(cost.failing_devices)} {cost.failing_devices === 1 ? 'device' : 'devices'}
            </div>
          </div>
          <span className="nums"><b>−{cost.points.toFixed(1)}</b></span>
        </li>
      ))}
    </ul>
  )
}
