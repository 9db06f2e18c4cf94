import { Figure } from '../../components/Figure'
import { StatusBadge } from '../../components/StatusBadge'
import type { HealthSummary } from '../../api/types'

/** The counts of the estate, each a link to the machines behind it. */
export function Figures({ summary: { machines, unhealthy } }: { summary: HealthSummary }) {
  return (
    <section className="figures" aria-label="Machines by health">
      <Figure value={machines.healthy} label={<StatusBadge status="healthy" />} why="Nothing is wrong with sensor and installation" to={{ to: '/machines', search: { status: 'healthy' } }} />
      <Figure value={unhealthy.installation} label={<StatusBadge status="unhealthy" label="Unhealthy: installation" />} why="The sensor cannot be installed, reached or enrolled" to={{ to: '/machines', search: { status: 'unhealthy', kind: 'installation' } }} />
      <Figure value={unhealthy.heartbeat} label={<StatusBadge status="unhealthy" label="Unhealthy: heartbeat" />} why="The sensor is silent, or says that a part of it is off" to={{ to: '/machines', search: { status: 'unhealthy', kind: 'heartbeat' } }} />
      <Figure value={machines.not_applicable} label={<StatusBadge status="not_applicable" />} why="No sensor belongs there; each machine says why" to={{ to: '/machines', search: { status: 'not_applicable' } }} />
      <Figure value={machines.pending} label={<StatusBadge status="pending" />} why="Not judged yet, or waiting for its sensor" to={{ to: '/machines', search: { status: 'pending' } }} />
    </section>
  )
}
