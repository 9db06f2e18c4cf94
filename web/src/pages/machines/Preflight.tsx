import type { MachineHealth } from '../../api/types'
import { CheckList } from '../../components/CheckList'
import { Instant } from '../../components/Instant'
import { PREFLIGHT_WORDS } from './words'

/** What the last preflight looked at. */
export function Preflight({ health }: { health: MachineHealth | undefined }) {
  if (!health || health.preflight.length === 0) return null
  const items = health.preflight.map((c) => ({ name: c.check, outcome: c.result, evidence: c.found }))
  return (
    <section className="card" aria-label="Last preflight">
      <h2 className="card-title">Last preflight <span className="muted small"><Instant at={health.preflight_at} show="age" /></span></h2>
      <CheckList label="Preflight" items={items} words={PREFLIGHT_WORDS} />
    </section>
  )
}
