import { Button, MessageBar, MessageBarBody, Spinner } from '@fluentui/react-components'
import { SearchRegular } from '@fluentui/react-icons'
import { useQuery } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { eventSearchQuery, namedSearchQuery } from '../../api/queries/search'
import type { SearchAnswer } from '../../api/types'
import { PageHeader } from '../../components/PageHeader'
import { EmptyState, ErrorState, Loading } from '../../components/states'
import { humanise } from '../../lib/format'
import { DAYS } from '../../lib/search'
import { EventHits } from './EventHits'
import { Devices, Findings, Machines, Named, People } from './Hits'
import { FoundSoftware, Recommendations, Vulnerabilities } from './VulnerableHits'
import '../../shell/search.css'

const KINDS: Record<string, string> = {
  ipv4: 'an IPv4 address',
  ipv6: 'an IPv6 address',
  cidr: 'a range of addresses',
  sha256: 'a SHA-256 hash',
  sha1: 'a SHA-1 hash',
  md5: 'an MD5 hash',
  device_id: 'a device’s identifier',
  uuid: 'an identifier',
  path: 'a path',
  email: 'an e-mail address',
  finding_code: 'the code of a finding',
  name: 'a name',
}

const any = (a: SearchAnswer | undefined) =>
  Boolean(a && [a.devices, a.machines, a.subscriptions, a.connectors, a.device_groups, a.people, a.findings, a.vulnerabilities, a.software, a.recommendations, a.events].some((list) => list.length > 0))

/** Everything that one text leads to: first what has a name, then what events spoke of. */
export function SearchPage() {
  const { q = '', days = 7 } = useSearch({ from: '/inside/search' })
  const navigate = useNavigate({ from: '/search' })
  const named = useQuery(namedSearchQuery(q))
  const events = useQuery(eventSearchQuery(q, days))
  if (!q.trim()) {
    return (
      <div className="page">
        <EmptyState icon={<SearchRegular />} title="Search everything">
          Type a name, an address or a range, a user, a path, a hash or the code of a finding above. <kbd>/</kbd> goes there from anywhere.
        </EmptyState>
      </div>
    )
  }
  const kinds = (named.data ?? events.data)?.kinds.map((kind) => KINDS[kind] ?? kind).join(' or ')
  const nothing = named.data && events.data && !any(named.data) && !any(events.data)
  return (
    <div className="page">
      <PageHeader title={`Results for “${q}”`}>{kinds && <>Looked for as {kinds}.</>}</PageHeader>
      {named.isPending ? (
        <Loading what="results" />
      ) : !named.data ? (
        <ErrorState what="The search failed" error={named.error} retry={() => void named.refetch()} />
      ) : (
        <div className="hits">
          <Missing answer={named.data} />
          <Devices answer={named.data} q={q} />
          <Machines answer={named.data} q={q} />
          <Named title="Subscriptions" items={named.data.subscriptions} more={named.data.more.includes('subscriptions')} to="subscription" />
          <Named title="Connectors" items={named.data.connectors} more={named.data.more.includes('connectors')} to="connector" />
          <Named title="Device groups" items={named.data.device_groups} more={named.data.more.includes('device_groups')} to="group" />
          <People answer={named.data} />
          <Findings answer={named.data} />
          <Vulnerabilities answer={named.data} q={q} />
          <FoundSoftware answer={named.data} q={q} />
          <Recommendations answer={named.data} q={q} />
          {events.isFetching && <Spinner size="tiny" labelPosition="after" label={`Looking through events of ${days} days`} />}
          {events.isError && <ErrorState what="Events could not be searched" error={events.error} retry={() => void events.refetch()} />}
          {events.data && !events.isFetching && (
            <>
              <Missing answer={events.data} />
              <EventHits answer={events.data} />
            </>
          )}
          {nothing && (
            <EmptyState icon={<SearchRegular />} title="Nothing was found">
              Names are found from the beginning of each of their parts on: <code>prod</code> finds <code>web-prod-01</code>, <code>rod</code> does not. Events of the last {days} days were searched.
            </EmptyState>
          )}
          <div className="row wrap" role="group" aria-label="Days of events">
            <span className="muted small">Events of the last</span>
            {DAYS.map((n) => (
              <Button key={n} size="small" appearance={n === days ? 'primary' : 'secondary'} aria-pressed={n === days} onClick={() => void navigate({ search: (old) => ({ ...old, days: n }), replace: true })}>
                {n === 1 ? '1 day' : `${n} days`}
              </Button>
            ))}
          </div>
        </div>
      )}
    </div>
  )
}

/** What gave no answer: an answer that is not whole says so. */
function Missing({ answer }: { answer: SearchAnswer }) {
  const failed = answer.missing.filter((m) => m.code !== 'not_permitted' && m.code !== 'not_in_events')
  const closed = answer.missing.filter((m) => m.code === 'not_permitted')
  return (
    <>
      {failed.map((m) => (
        <MessageBar key={m.part} intent="warning">
          <MessageBarBody>{humanise(m.part)} are missing here: {m.message} <code>{m.code}</code></MessageBarBody>
        </MessageBar>
      ))}
      {closed.length > 0 && (
        <p className="muted small">Not looked through, since your role does not open it: {closed.map((m) => humanise(m.part).toLowerCase()).join(', ')}.</p>
      )}
    </>
  )
}
