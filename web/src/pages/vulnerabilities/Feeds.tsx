import { MessageBar, MessageBarBody, MessageBarTitle, Table, TableBody, TableCell, TableRow } from '@fluentui/react-components'
import { CheckmarkCircleFilled, CircleRegular, DismissCircleFilled } from '@fluentui/react-icons'
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { feedsQuery } from '../../api/queries/vulnerabilities'
import type { VulnerabilityFeed } from '../../api/types'
import { ErrorBar } from '../../components/ErrorBar'
import { HeadRow } from '../../components/HeadRow'
import { Instant } from '../../components/Instant'
import { Loading } from '../../components/states'
import { formatCount } from '../../lib/format'
import { FEED_WORDS } from './words'
import '../../components/estate.css'

/** Feeds that an alarm names; the table has all of them. */
const SHOWN = 5

/** Feeds that tell nothing, over everything that rests on them: an empty feed is never a clean bill. */
export function FeedAlarms() {
  const feeds = useQuery(feedsQuery)
  if (!feeds.data) return <ErrorBar what="The feeds could not be read" error={feeds.error} kept="Nobody can say whether these figures are whole." retry={() => void feeds.refetch()} />
  if (feeds.data.items.length === 0) {
    return (
      <MessageBar intent="error" layout="multiline" role="alert" className="whole-bar">
        <MessageBarBody>
          <MessageBarTitle>No feed of vulnerabilities is there.</MessageBarTitle> Nothing can be found, and an empty list is no clean bill. Fetch
          them with <code>palisade feeds sync</code>, or import a bundle with <code>palisade feeds import FILE</code>.
        </MessageBarBody>
      </MessageBar>
    )
  }
  const alarms = feeds.data.items.filter((feed) => feed.alarm)
  if (alarms.length === 0) return null
  return (
    <MessageBar intent="error" layout="multiline" role="alert" className="whole-bar">
      <MessageBarBody>
        <MessageBarTitle>{alarms.length === 1 ? 'A feed is' : `${formatCount(alarms.length)} feeds are`} not current.</MessageBarTitle> What {alarms.length === 1 ? 'it' : 'they'}{' '}
        would tell is missing from every figure here: {alarms.slice(0, SHOWN).map((f) => `${f.title || f.id} (${(FEED_WORDS[f.state] ?? f.state).toLowerCase()})`).join(', ')}
        {alarms.length > SHOWN && ` and ${formatCount(alarms.length - SHOWN)} more`}. <Link className="link" to="/exposure" hash="feeds">All feeds</Link>
      </MessageBarBody>
    </MessageBar>
  )
}

/** Every feed with its age, its records and its alarm. */
export function Feeds() {
  const feeds = useQuery(feedsQuery)
  return (
    <section id="feeds" className="card" aria-label="Feeds">
      <h2 className="card-title">Feeds</h2>
      {feeds.isPending ? <Loading what="feeds" rows={3} /> : null}
      {feeds.data && feeds.data.items.length === 0 && <p className="muted">None is there.</p>}
      {feeds.data && feeds.data.items.length > 0 && (
        <div className="settings-table" tabIndex={0}>
          <Table size="small" aria-label="Feeds" className="wide-table">
            <HeadRow names={['Feed', 'State', 'Records', 'Fetched', 'What failed']} />
            <TableBody>
              {feeds.data.items.map((feed) => (
                <TableRow key={feed.id}>
                  <TableCell>{feed.title || feed.id}{!feed.required && <span className="muted small"> optional</span>}</TableCell>
                  <TableCell><FeedBadge feed={feed} /></TableCell>
                  <TableCell className="nums">{formatCount(feed.records)}</TableCell>
                  <TableCell><Instant at={feed.fetched_at} show="age" /></TableCell>
                  <TableCell className="break small">{feed.failure && <>{feed.failure} <Instant at={feed.failed_at} show="age" /></>}</TableCell>
                </TableRow>
              ))}
            </TableBody>
          </Table>
        </div>
      )}
    </section>
  )
}

function FeedBadge({ feed }: { feed: VulnerabilityFeed }) {
  const [tone, icon] = feed.alarm ? ['bad', <DismissCircleFilled key="i" />] : feed.state === 'ok' ? ['good', <CheckmarkCircleFilled key="i" />] : ['quiet', <CircleRegular key="i" />]
  return (
    <span className={`state ${tone}`}>
      <span aria-hidden className="state-icon">{icon}</span>
      {FEED_WORDS[feed.state] ?? feed.state}
    </span>
  )
}
