import { MessageBar, MessageBarBody, MessageBarTitle, Table, TableBody, TableCell, TableRow } from '@fluentui/react-components'
import { useQuery } from '@tanstack/react-query'
import { securityProductsQuery } from '../../api/queries/products'
import type { MachineSecurity } from '../../api/types'
import { CheckList } from '../../components/CheckList'
import { HeadRow } from '../../components/HeadRow'
import { Instant } from '../../components/Instant'
import { StatusBadge } from '../../components/StatusBadge'
import { ErrorState, Loading } from '../../components/states'
import { humanise } from '../../lib/format'
import '../../components/estate.css'

const KINDS: Record<string, string> = { edr: 'EDR solution', antivirus: 'Antivirus', monitor: 'Monitor' }
const RUNS: Record<string, string> = { yes: 'Runs', no: 'Does not run', unknown: 'Nobody could see' }
const OUTCOMES: Record<string, string> = { healthy: 'ok', unhealthy: 'failed', unknown: 'warning', not_applicable: 'skipped' }
const LABELS: Record<string, string> = { unhealthy: 'To do', healthy: 'As it should be' }

/** Which security products a machine has, how they are set up, and the two recommendations about them. */
export function SecurityProducts({ machineId }: { machineId: string }) {
  const found = useQuery(securityProductsQuery(machineId))
  if (found.isPending) return <Loading what="security products" rows={3} />
  if (!found.data) return <ErrorState what="Security products could not be read" error={found.error} retry={() => void found.refetch()} />
  const s = found.data
  return (
    <section aria-label="Security products" className="stack">
      <h2>Security products</h2>
      {s.observing_because && (
        <MessageBar intent="info" layout="multiline">
          <MessageBarBody>
            <MessageBarTitle>{s.sensor_mode === 'observing' ? 'Our sensor observes only' : 'Our sensor would observe only'}</MessageBarTitle>
            {s.observing_because}. It records and reports, and leaves prevention to the other product.
          </MessageBarBody>
        </MessageBar>
      )}
      <Looked found={s} />
      {s.products.length > 0 && (
        <div className="settings-table" tabIndex={0}>
          <Table aria-label="Security products" size="small" className="wide-table">
            <HeadRow names={['Product', 'Kind', 'Version', 'State', 'Recognised by']} />
            <TableBody>
              {s.products.map((p) => (
                <TableRow key={p.id}>
                  <TableCell>{p.name}</TableCell>
                  <TableCell>{KINDS[p.kind] ?? p.kind}</TableCell>
                  <TableCell>{p.version || <span className="muted">not known</span>}</TableCell>
                  <TableCell>{RUNS[p.running] ?? p.running}</TableCell>
                  <TableCell className="muted small">{p.evidence.slice(0, 4).join(', ')}</TableCell>
                </TableRow>
              ))}
            </TableBody>
          </Table>
        </div>
      )}
      {s.recommendations.map((r) => (
        <article key={r.recommendation} className="stack" aria-label={r.title}>
          <div className="row wrap"><StatusBadge status={r.state} label={LABELS[r.state]} /><b>{r.title}</b></div>
          <p>{r.message} {!r.complete && r.state !== 'not_applicable' && <span className="muted">Not every check could be made.</span>}</p>
          {r.state === 'unhealthy' && <p className="muted">{r.remediation}</p>}
          {r.actions.map((a) => (
            <div key={`${a.method} ${a.path}`} className="small">
              <b>{a.words}</b> <code className="break">{a.method} {a.path}{a.body !== null && ` ${JSON.stringify(a.body)}`}</code>
            </div>
          ))}
          <div className="muted small">Since <Instant at={r.since} show="age" /> · judged <Instant at={r.evaluated_at} show="age" /></div>
        </article>
      ))}
      {s.products.filter((p) => p.checks.length > 0).map((p) => (
        <details key={p.id} open={p.checks.some((c) => c.outcome === 'unhealthy')}>
          <summary><b>{p.name}</b>: {summary(p.checks)}</summary>
          <CheckList
            label={`Checks of ${p.name}`}
            items={p.checks.map((c) => ({
              name: c.code,
              outcome: OUTCOMES[c.outcome] ?? 'skipped',
              evidence: [c.message, c.evidence].filter(Boolean).join(' '),
              code: c.code === c.topic ? undefined : c.code,
            }))}
            words={Object.fromEntries(p.checks.map((c) => [c.code, humanise(c.topic)]))}
          />
        </details>
      ))}
      {s.misplaced.length > 0 && (
        <details>
          <summary>{s.misplaced.length} processes are only named like a product</summary>
          <ul className="plain-list small">
            {s.misplaced.map((m) => (
              <li key={m.pid}><span><code>{m.exe || m.name}</code> (process {m.pid}) is named like {m.like}{m.elsewhere && ', and lives in another root, such as a container’s'}</span></li>
            ))}
          </ul>
        </details>
      )}
    </section>
  )
}

function summary(checks: MachineSecurity['products'][number]['checks']): string {
  const count = (outcome: string) => checks.filter((c) => c.outcome === outcome).length
  const parts = [[count('unhealthy'), 'failed'], [count('unknown'), 'could not be made'], [count('healthy'), 'well']] as const
  return parts.filter(([n]) => n > 0).map(([n, word]) => `${n} ${word}`).join(', ') || 'nothing to check'
}

/** When somebody looked, and why nobody could. */
function Looked({ found }: { found: MachineSecurity }) {
  return (
    <p className="muted">
      {found.seen_at ? (
        <>
          {found.products.length === 0 && 'No product of the catalogue was found. '}
          Looked at <Instant at={found.seen_at} show="age" /> by {found.seen_by === 'sensor' ? 'the sensor' : 'the connector'}.
        </>
      ) : (
        'Nobody has looked at this machine yet.'
      )}
      {found.error_code && (
        <> The last look of the connector failed <Instant at={found.tried_at} show="age" />: {found.error} <code>{found.error_code}</code></>
      )}
    </p>
  )
}
