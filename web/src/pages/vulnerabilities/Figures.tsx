import { Link } from '@tanstack/react-router'
import type { ExposureScore } from '../../api/types'
import { Figure } from '../../components/Figure'
import { Severity } from '../../components/Severity'
import { formatCount } from '../../lib/format'
import { LEVEL_WORDS, scoreText } from './words'

const SEVERITIES = ['critical', 'high', 'medium', 'low', 'unknown'] as const

/** The exposure and the counts behind it; each opens its list. */
export function Figures({ score }: { score: ExposureScore }) {
  const level = score.level as keyof typeof LEVEL_WORDS | ''
  return (
    <>
      <section className="figures" aria-label="Exposure">
        <div className="figure" role="group" aria-label="Exposure score">
          <span>Exposure score</span>
          <b>{scoreText(score.score)}</b>
          <span className="muted small">
            {level ? `${LEVEL_WORDS[level]}; of 100, lower is better. ${scoreText(score.unfixable)} of it no update removes` : 'No device was judged yet: nobody knows'}
          </span>
        </div>
        <Figure value={score.exploited} label="Exploited now" why="Vulnerabilities that CISA knows to be exploited" to={{ to: '/weaknesses', search: { exploited: true } }} />
        <Figure value={score.levels.high} label="Highly exposed devices" why={`Exposure of 70 and more; ${formatCount(score.levels.medium)} medium, ${formatCount(score.levels.low)} low`} to={{ to: '/exposure/devices', search: { level: 'high' } }} />
        <Figure value={score.unassessed_devices} label="Devices not judged" why="Their inventory has not come: nobody knows what they have" to={{ to: '/devices' }} />
        <Figure value={score.uncovered_components} label="Packages without a feed" why="No feed speaks of them: no finding is no clean bill" to={{ to: '/software', search: { covered: false } }} />
      </section>
      <section className="card" aria-label="Vulnerabilities by severity">
        <h2 className="card-title">Vulnerabilities by severity</h2>
        <SeverityBar counts={score.vulnerabilities} />
      </section>
    </>
  )
}

/** Counts as bars of one scale; each opens its vulnerabilities. */
function SeverityBar({ counts }: { counts: ExposureScore['vulnerabilities'] }) {
  const most = Math.max(1, ...SEVERITIES.map((s) => counts[s]))
  return (
    <ul className="plain-list severity-bars">
      {SEVERITIES.map((s) => (
        <li key={s}>
          <span className="severity-name"><Severity severity={s} /></span>
          <span className="severity-track" aria-hidden><span className={`severity-fill ${s}`} style={{ width: `${(counts[s] / most) * 100}%` }} /></span>
          <Link className="link nums" to="/weaknesses" search={{ severity: s }} aria-label={`${formatCount(counts[s])} vulnerabilities of severity ${s}`}>{formatCount(counts[s])}</Link>
        </li>
      ))}
    </ul>
  )
}
