import { MessageBar, MessageBarBody, MessageBarTitle } from '@fluentui/react-components'
import { useQuery } from '@tanstack/react-query'
import { Link, useParams } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import { asApiError, sentence } from '../../api/errors'
import { remediationQuery } from '../../api/queries/remediations'
import type { Remediation } from '../../api/types'
import { ErrorBar } from '../../components/ErrorBar'
import { Instant } from '../../components/Instant'
import { Severity } from '../../components/Severity'
import { EmptyState, ErrorState, Loading } from '../../components/states'
import { DeliveryState } from '../notifications/badges'
import { scoreText } from '../vulnerabilities/words'
import { Due, Progress } from './badges'
import { Devices } from './Devices'
import { RemediationHeader } from './RemediationHeader'
import { PRIORITY_WORDS, REASON_WORDS, runText } from './words'
import '../../components/estate.css'

/** One remediation: how far it is, what was decided, and what each machine did, with its proof. */
export function RemediationPage() {
  const { remediationId } = useParams({ from: '/inside/remediations/$remediationId' })
  const found = useQuery(remediationQuery(remediationId))
  if (!found.data) {
    return (
      <div className="page">
        {found.isError && asApiError(found.error).status === 404 ? (
          <EmptyState title="There is no such remediation" action={<Link className="link" to="/remediations">Look for it in the list</Link>}>
            The address is wrong, or it is about devices that you do not see.
          </EmptyState>
        ) : found.isError ? (
          <ErrorState what="The remediation could not be read" error={found.error} kept="It goes on as it was decided." retry={() => void found.refetch()} />
        ) : (
          <Loading what="the remediation" />
        )}
      </div>
    )
  }
  const r = found.data
  return (
    <div className="page">
      <RemediationHeader of={r} />
      <ErrorBar what="The remediation could not be read again" error={found.error} kept="What you see may be old." retry={() => void found.refetch()} />
      <Standing of={r} />
      <Facts of={r} />
      <Devices of={r} />
    </div>
  )
}

/** Why it stands still, where it does. */
function Standing({ of: r }: { of: Remediation }) {
  if (!r.reason_code) return null
  const stopped = r.state === 'stopped'
  return (
    <MessageBar intent={stopped ? 'error' : 'info'} layout="multiline" role={stopped ? 'alert' : 'status'} className="whole-bar">
      <MessageBarBody>
        <MessageBarTitle>{REASON_WORDS[r.reason_code] ?? (stopped ? 'The first failure stopped it.' : 'It waits.')}</MessageBarTitle>{' '}
        {r.reason && sentence(r.reason)} {stopped && 'Nothing more is begun. Look at the device, mend what is wrong, then approve again.'} <code>{r.reason_code}</code>
      </MessageBarBody>
    </MessageBar>
  )
}

function Facts({ of: r }: { of: Remediation }) {
  const named = r.run?.name_never_touch ?? []
  return (
    <section className="card whole-bar" aria-label="What was decided">
      <Progress of={r} words />
      <dl className="facts">
        <Fact name="Owner">{r.owner}</Fact>
        <Fact name="Due"><Due of={r} /></Fact>
        <Fact name="Priority">{PRIORITY_WORDS[r.priority] ?? r.priority}</Fact>
        <Fact name="Severity"><Severity severity={r.severity} /></Fact>
        {r.exposure_impact ? <Fact name="Was to lower the exposure by">{scoreText(r.exposure_impact)}</Fact> : null}
        <Fact name="What">{r.related_component} {r.recommended_version && <>to <code>{r.recommended_version}</code></>} {r.ecosystem && <span className="muted">on {r.ecosystem}</span>}</Fact>
        <Fact name="Carried out">{runText(r.run)}</Fact>
        {named.length > 0 && <Fact name="May touch, by name"><code>{named.join(', ')}</code></Fact>}
        <Fact name="Requested">{r.created_by}, <Instant at={r.created_at} show="age" /></Fact>
        {r.run && <Fact name="Approved">{r.approved_at ? <>{r.approved_by}, <Instant at={r.approved_at} show="age" /></> : <span className="muted">not yet</span>}</Fact>}
        <Fact name="Measured"><Instant at={r.measured_at} show="age" none="not yet" /></Fact>
        {r.completed_at && <Fact name="Completed"><Instant at={r.completed_at} /></Fact>}
        {r.ticket_state && <Fact name="Ticket"><Ticket of={r} /></Fact>}
        {r.note && <Fact name="Note">{r.note}</Fact>}
      </dl>
    </section>
  )
}

/** Its ticket in another system, or how far that is. */
function Ticket({ of: r }: { of: Remediation }) {
  if (/^https?:\/\//.test(r.ticket_url)) return <a className="link" href={r.ticket_url} target="_blank" rel="noopener noreferrer">{r.ticket_key || r.ticket_url}</a>
  return <>{r.ticket_key} <Link className="link" to="/settings/notifications" search={{ tab: 'deliveries', subject: `remediation:${r.id}` }}><DeliveryState state={r.ticket_state} /></Link></>
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return <div className="field"><dt>{name}</dt><dd><div className="break">{children || <span className="muted">–</span>}</div></dd></div>
}
