import { Button, Table, TableBody, TableCell, TableRow } from '@fluentui/react-components'
import { useQuery } from '@tanstack/react-query'
import { Link, useParams } from '@tanstack/react-router'
import { machineHealthQuery, machineQuery, machineTasksQuery, useFixMachine } from '../../api/queries/estate'
import { useSession } from '../../api/queries/session'
import type { Finding } from '../../api/types'
import { ErrorBar } from '../../components/ErrorBar'
import { HeadRow } from '../../components/HeadRow'
import { Instant } from '../../components/Instant'
import { PageHeader } from '../../components/PageHeader'
import { StatusBadge } from '../../components/StatusBadge'
import { ErrorState, Loading } from '../../components/states'

/** One machine: what is wrong and how to mend it, the last preflight, what was done, and how it was. */
export function MachinePage() {
  const { machineId } = useParams({ from: '/inside/machines/$machineId' })
  const machine = useQuery(machineQuery(machineId))
  const health = useQuery(machineHealthQuery(machineId))
  const tasks = useQuery(machineTasksQuery(machineId))
  const fix = useFixMachine()
  const operates = useSession().data?.role !== 'reader'
  if (machine.isPending) return <div className="page"><Loading what="the machine" /></div>
  if (!machine.data) {
    return <div className="page"><ErrorState what="The machine could not be read" error={machine.error} retry={() => void machine.refetch()} /></div>
  }
  const m = machine.data
  return (
    <div className="page">
      <div className="settings">
        <PageHeader
          title={m.name}
          actions={operates && (
            <Button appearance="primary" disabled={fix.isPending} onClick={() => fix.mutate(m.id)}>Fix</Button>
          )}
        >
          <StatusBadge status={m.status} /> · {m.subscription} · {m.os || 'system not known yet'} {m.os_version} {m.architecture} · extension{' '}
          <code>{m.extension_name}</code> {m.extension}
          {m.device_id && <> · <Link to="/devices/$deviceId" params={{ deviceId: m.device_id }} className="link">its sensor</Link></>}
        </PageHeader>
        <ErrorBar what="Nothing was begun" error={fix.error} />
        {fix.isSuccess && <p role="status">It is looked at now.</p>}
        <h2>Findings</h2>
        {health.data?.findings.length === 0 && <p className="muted">Nothing is wrong.</p>}
        <ul className="plain-list">{health.data?.findings.map((f) => <FindingItem key={f.code} finding={f} />)}</ul>
        <Preflight checks={health.data?.preflight ?? []} at={health.data?.preflight_at} />
        <h2>What was done</h2>
        {tasks.data?.items.length === 0 ? <p className="muted">Nothing yet.</p> : (
          <div className="settings-table">
            <Table aria-label="Tasks" className="wide-table">
              <HeadRow names={['Action', 'State', 'Begun', 'Outcome']} />
              <TableBody>
                {tasks.data?.items.map((t) => (
                  <TableRow key={t.id}>
                    <TableCell>{t.action}</TableCell>
                    <TableCell>{t.state}</TableCell>
                    <TableCell><Instant at={t.created_at} /></TableCell>
                    <TableCell>{t.message ?? t.outcome} {t.code && <code>{t.code}</code>}</TableCell>
                  </TableRow>
                ))}
              </TableBody>
            </Table>
          </div>
        )}
        <h2>How it was</h2>
        <div className="settings-table">
          <Table aria-label="History" className="wide-table">
            <HeadRow names={['Finding', 'Raised', 'Cleared', 'Message']} />
            <TableBody>
              {health.data?.history.map((h) => (
                <TableRow key={`${h.code}${h.raised_at}`}>
                  <TableCell><code>{h.code}</code></TableCell>
                  <TableCell><Instant at={h.raised_at} /></TableCell>
                  <TableCell><Instant at={h.cleared_at} none="stands" /></TableCell>
                  <TableCell>{h.message}</TableCell>
                </TableRow>
              ))}
            </TableBody>
          </Table>
        </div>
      </div>
    </div>
  )
}

function FindingItem({ finding }: { finding: Finding }) {
  return (
    <li className="stack">
      <div><b>{finding.message}</b></div>
      <div>{finding.remediation}</div>
      <div className="muted small">
        {finding.kind.replace('_', ' ')} · <code>{finding.code}</code> · since <Instant at={finding.since} show="age" /> · looked at{' '}
        <Instant at={finding.last_evaluated} show="age" />
      </div>
    </li>
  )
}

function Preflight({ checks, at }: { checks: { check: string; result: string; found: string }[]; at: string | null | undefined }) {
  if (checks.length === 0) return null
  return (
    <>
      <h2>Last preflight <span className="muted small"><Instant at={at} show="age" /></span></h2>
      <div className="settings-table">
        <Table aria-label="Preflight" className="wide-table">
          <HeadRow names={['Check', 'Result', 'Found']} />
          <TableBody>
            {checks.map((c) => (
              <TableRow key={c.check}>
                <TableCell>{c.check.replaceAll('_', ' ')}</TableCell>
                <TableCell>{c.result}</TableCell>
                <TableCell>{c.found}</TableCell>
              </TableRow>
            ))}
          </TableBody>
        </Table>
      </div>
    </>
  )
}
