import { Button } from '@fluentui/react-components'
import { useInfiniteQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import { remediationsQuery } from '../../api/queries/remediations'
import { useMay } from '../../api/queries/session'
import type { SecurityRecommendation } from '../../api/types'
import { ErrorBar } from '../../components/ErrorBar'
import { Due, Progress, RemediationState } from './badges'
import { RequestDialog } from './RequestDialog'

/** What is being done about a recommendation, and what asks for it. */
export function RemediationsOf({ of }: { of: SecurityRecommendation }) {
  const may = useMay('vulnerabilities.manage')
  const list = useInfiniteQuery(remediationsQuery({ recommendation: of.id }))
  const [asking, setAsking] = useState(false)
  const own = list.data?.pages[0]?.items ?? []
  return (
    <section aria-label="Remediation" className="stack">
      <div className="row between wrap">
        <h3>Remediation</h3>
        {may && <Button size="small" appearance="primary" onClick={() => setAsking(true)}>Request remediation</Button>}
      </div>
      <ErrorBar what="The remediations could not be read" error={list.error} retry={() => void list.refetch()} />
      {list.data && own.length === 0 && <p className="muted">Nobody has asked for it.</p>}
      {own.length > 0 && (
        <ul className="plain-list">
          {own.slice(0, 5).map((r) => (
            <li key={r.id}>
              <div className="grow">
                <div className="row wrap"><Link className="link" to="/remediations/$remediationId" params={{ remediationId: r.id }}>{r.owner}</Link><Due of={r} /></div>
                <Progress of={r} />
              </div>
              <RemediationState state={r.state} />
            </li>
          ))}
        </ul>
      )}
      {own.length > 5 && <Link className="link" to="/remediations" search={{ recommendation: of.id }}>All of them</Link>}
      {asking && <RequestDialog of={of} onClose={() => setAsking(false)} />}
    </section>
  )
}
