import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { findingsQuery } from '../../api/queries/health'
import type { FindingCount } from '../../api/types'
import { ErrorBar } from '../../components/ErrorBar'
import { Instant } from '../../components/Instant'
import { SidePanel } from '../../components/SidePanel'
import { Loading } from '../../components/states'

interface Props {
  code: string | undefined
  finding: FindingCount | undefined
  onClose: () => void
}

/** One finding: what to do, and the machines that have it, with what each says. */
export function FindingPanel({ code, finding, onClose }: Props) {
  return (
    <SidePanel
      open={code !== undefined}
      title={finding?.title ?? code ?? ''}
      onClose={onClose}
      actions={code && <Link className="link" to="/machines" search={{ finding: code }}>Open the list of its machines</Link>}
    >
      {code && (
        <div className="stack">
          {finding && <p><b>What to do:</b> {finding.remediation}</p>}
          <Affected code={code} />
        </div>
      )}
    </SidePanel>
  )
}

function Affected({ code }: { code: string }) {
  const rows = useQuery(findingsQuery(code))
  if (!rows.data) return rows.error ? <ErrorBar what="The machines could not be read" error={rows.error} retry={() => void rows.refetch()} /> : <Loading what="its machines" />
  if (rows.data.items.length === 0) return <p className="muted">No machine has it any more.</p>
  return (
    <ul className="plain-list" aria-label="Affected machines">
      {rows.data.items.map((f) => (
        <li key={f.machine_id}>
          <div className="grow">
            <Link className="link" to="/machines/$machineId" params={{ machineId: f.machine_id }}>{f.machine}</Link>
            <div className="break small">{f.message}</div>
          </div>
          <span className="muted small">since <Instant at={f.since} show="age" /></span>
        </li>
      ))}
    </ul>
  )
}
