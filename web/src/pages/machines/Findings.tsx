import type { Finding, MachineHealth } from '../../api/types'
import { ErrorBar } from '../../components/ErrorBar'
import { Instant } from '../../components/Instant'
import { Loading } from '../../components/states'
import { cellText, humanise } from '../../lib/format'
import '../../components/estate.css'
import { KIND_WORDS, sourceWord } from './words'

interface Props {
  health: MachineHealth | undefined
  error: unknown
  retry: () => void
}

/** What stands against a machine, each with what to do, since when, who says so and what it rests on. */
export function Findings({ health, error, retry }: Props) {
  if (!health) return error ? <ErrorBar what="The findings could not be read" error={error} retry={retry} /> : <Loading what="findings" rows={2} />
  if (health.findings.length === 0) {
    return (
      <p className="muted">
        {health.status === 'pending' ? 'Nothing is wrong so far; no sensor has enrolled yet.' : 'Nothing is wrong.'}{' '}
        {health.evaluated_at && <>Judged <Instant at={health.evaluated_at} show="age" />.</>}
      </p>
    )
  }
  return <div className="stack">{health.findings.map((f) => <FindingCard key={f.code} finding={f} />)}</div>
}

function FindingCard({ finding }: { finding: Finding }) {
  const evidence = Object.entries((finding.evidence ?? {}) as Record<string, unknown>)
  const notice = finding.weight === 'notice'
  return (
    <section className={`finding${notice ? '' : ' bad-edge'}`} aria-label={finding.title}>
      <h3 className="card-title">{finding.title}</h3>
      <p className="break">{finding.message}</p>
      <p><b>What to do:</b> {finding.remediation}</p>
      {evidence.length > 0 && (
        <dl>
          {evidence.map(([key, value]) => (
            <div key={key} style={{ display: 'contents' }}>
              <dt>{humanise(key)}</dt>
              <dd className="break">{cellText(value)}</dd>
            </div>
          ))}
        </dl>
      )}
      <p className="muted small">
        {KIND_WORDS[finding.kind] ?? finding.kind}{notice && ', a notice: the machine stays healthy'} · since <Instant at={finding.since} show="age" /> ·
        looked at <Instant at={finding.last_evaluated} show="age" /> · found by {sourceWord(finding.source)} · <code>{finding.code}</code>
      </p>
    </section>
  )
}
