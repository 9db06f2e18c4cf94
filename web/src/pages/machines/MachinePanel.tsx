import { Link } from '@tanstack/react-router'
import { useQuery } from '@tanstack/react-query'
import { machineHealthQuery } from '../../api/queries/estate'
import type { Machine } from '../../api/types'
import { SidePanel } from '../../components/SidePanel'
import { StatusBadge } from '../../components/StatusBadge'
import { Findings } from './Findings'
import { MachineFacts } from './MachineFacts'

/** A short look at a machine beside the list. */
export function MachinePanel({ machine, onClose }: { machine: Machine | undefined; onClose: () => void }) {
  return (
    <SidePanel
      open={machine !== undefined}
      title={machine?.name ?? ''}
      onClose={onClose}
      actions={machine && <Link className="link" to="/machines/$machineId" params={{ machineId: machine.id }}>Open the machine page</Link>}
    >
      {machine && (
        <div className="stack">
          <StatusBadge status={machine.status} />
          <Standing machine={machine} />
          <MachineFacts machine={machine} />
        </div>
      )}
    </SidePanel>
  )
}

function Standing({ machine }: { machine: Machine }) {
  const health = useQuery(machineHealthQuery(machine.id))
  return <Findings health={health.data} error={health.error} retry={() => void health.refetch()} />
}
