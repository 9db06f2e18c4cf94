import { MessageBar, MessageBarBody, MessageBarTitle, Table, TableBody, TableCell, TableRow } from '@fluentui/react-components'
import { sentence } from '../../api/errors'
import type { RemediationDevice } from '../../api/types'
import { CopyButton } from '../../components/CopyText'
import { HeadRow } from '../../components/HeadRow'
import { Instant } from '../../components/Instant'
import { formatMillis } from '../../lib/time'
import { codeText, PHASE_WORDS, type PackageChange, type Proof, proofOf } from './proof'

const BAD = new Set(['refused', 'failed'])

/** What the sensor did on a machine, and how it proves it. */
export function ProofView({ device, bySensor }: { device: RemediationDevice; bySensor: boolean }) {
  const proof = proofOf(device.proof)
  return (
    <>
      {device.code && (
        <MessageBar intent={BAD.has(device.step) ? 'error' : 'info'} layout="multiline">
          <MessageBarBody><MessageBarTitle>{codeText(device.code)}</MessageBarTitle> {sentence(device.message)} <code>{device.code}</code></MessageBarBody>
        </MessageBar>
      )}
      <p>{device.fixed_at ? <>Its own inventory has shown the fix since <Instant at={device.fixed_at} />.</> : 'Its own inventory does not show the fix.'}</p>
      {proof ? <What proof={proof} /> : bySensor && <p className="muted">No receipt has come yet.</p>}
    </>
  )
}

function What({ proof }: { proof: Proof }) {
  return (
    <>
      <p>
        {PHASE_WORDS[proof.phase] ?? proof.phase}{proof.manager && <> by <code>{proof.manager}</code></>}
        {proof.tookMs !== undefined && <>, in {formatMillis(proof.tookMs)}</>}
        {proof.exitCode !== undefined && <>, exit code <code>{proof.exitCode}</code></>}.
      </p>
      {proof.changed.length > 0 && <Changes label="Changed" changes={proof.changed} />}
      {proof.changed.length === 0 && proof.wouldChange.length > 0 && <Changes label="Would change" changes={proof.wouldChange} />}
      {proof.changed.length === 0 && proof.wouldChange.length === 0 && <Versions of={proof} />}
      {/* A dry run replaces nothing, so nothing runs an old version yet. */}
      {proof.phase !== 'dry_run' && (
        <section className="stack" aria-label="To restart">
          <h3>To restart</h3>
          {proof.services.length === 0 && !proof.reboot ? (
            <p className="muted">Nothing that the sensor sees still runs the old version.</p>
          ) : (
            <>
              <p>The new version is installed, and what is named here still runs the old one. The sensor restarts nothing by itself.</p>
              <ul className="risk-list">
                {proof.services.map((service) => <li key={service}><code>{service}</code></li>)}
                {proof.reboot && <li><b>the machine</b></li>}
              </ul>
            </>
          )}
        </section>
      )}
      {proof.rollback && <p>{proof.rollback.possible ? 'It can go back to the versions from before.' : <>It cannot go back: {proof.rollback.reason || 'the package manager does not have the versions from before'}.</>}</p>}
      {proof.commands.length > 0 && (
        <section className="stack" aria-label="Commands">
          <div className="row between"><h3>Commands</h3><CopyButton text={proof.commands.join('\n')} label="Copy the commands" /></div>
          <pre className="code-block" tabIndex={0} aria-label="Commands">{proof.commands.join('\n')}</pre>
        </section>
      )}
      {proof.output && (
        <section className="stack" aria-label="What it said">
          <h3>What it said</h3>
          <pre className="code-block" tabIndex={0} aria-label="What it said">{proof.output}</pre>
        </section>
      )}
    </>
  )
}

function Changes({ label, changes }: { label: string; changes: PackageChange[] }) {
  return (
    <section className="stack" aria-label={label}>
      <h3>{label}</h3>
      <Table size="small" aria-label={label}>
        <HeadRow names={['Package', 'From', 'To']} />
        <TableBody>
          {changes.map((c) => (
            <TableRow key={`${c.name} ${c.arch}`}>
              <TableCell className="break">{c.name} <span className="muted small">{c.arch}</span></TableCell>
              <TableCell className="break"><code>{c.from}</code></TableCell>
              <TableCell className="break"><code>{c.to || 'removed'}</code></TableCell>
            </TableRow>
          ))}
        </TableBody>
      </Table>
    </section>
  )
}

function Versions({ of: { before, after } }: { of: Proof }) {
  const rows = before.map((b) => ({ ...b, to: after.find((a) => a.name === b.name && a.arch === b.arch)?.version ?? '' }))
  if (rows.length === 0) return null
  return (
    <Table size="small" aria-label="Versions">
      <HeadRow names={['Package', 'Before', 'Now']} />
      <TableBody>
        {rows.map((p) => (
          <TableRow key={`${p.name} ${p.arch}`}>
            <TableCell className="break">{p.name} <span className="muted small">{p.arch}</span></TableCell>
            <TableCell className="break"><code>{p.version}</code></TableCell>
            <TableCell className="break">{p.to ? <code>{p.to}</code> : <span className="muted">not known</span>}</TableCell>
          </TableRow>
        ))}
      </TableBody>
    </Table>
  )
}
