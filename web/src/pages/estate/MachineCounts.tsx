import { Link } from '@tanstack/react-router'
import type { Subscription } from '../../api/types'
import { StatusBadge, statusLabel } from '../../components/StatusBadge'
import { formatCount } from '../../lib/format'
import { STATUSES } from '../../lib/search'

/** The machines of a subscription by status; each number opens them. */
export function MachineCounts({ of }: { of: Subscription }) {
  const shown = STATUSES.filter((status) => of.machines[status] > 0)
  if (shown.length === 0) return <p className="muted">No machines yet.</p>
  return (
    <div className="row wrap counts">
      {shown.map((status) => (
        <Link key={status} className="link" to="/machines" search={{ subscription: of.id, status }}>
          <StatusBadge status={status} label={`${formatCount(of.machines[status])} ${statusLabel(status).toLowerCase()}`} />
        </Link>
      ))}
    </div>
  )
}
