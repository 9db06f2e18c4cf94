import { useQuery } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { exposureQuery } from '../../api/queries/vulnerabilities'
import { ErrorBar } from '../../components/ErrorBar'
import { Instant } from '../../components/Instant'
import { PageHeader } from '../../components/PageHeader'
import { ErrorState, Loading } from '../../components/states'
import { SecureScoreCard } from '../securescore/SecureScoreCard'
import { Feeds, FeedAlarms } from './Feeds'
import { Figures } from './Figures'
import { Groups, MostExposed } from './MostExposed'
import { ScoreTrend } from './ScoreTrend'
import { TopRecommendations } from './TopRecommendations'

/** How exposed the machines are, what to do first, and on what these figures rest. */
export function DashboardPage() {
  const { range } = useSearch({ from: '/inside/exposure' })
  const navigate = useNavigate({ from: '/exposure' })
  const score = useQuery(exposureQuery)
  return (
    <div className="page">
      <PageHeader title="Vulnerability management">
        {score.data?.newest_assessment ? (
          <>Judged last <Instant at={score.data.newest_assessment} show="age" />; the device judged longest ago <Instant at={score.data.oldest_assessment} show="age" />.</>
        ) : (
          'What is installed, what is wrong with it, and what to fix first.'
        )}
      </PageHeader>
      <FeedAlarms />
      {score.isPending ? (
        <Loading what="the exposure" />
      ) : !score.data ? (
        <ErrorState what="The exposure could not be read" error={score.error} retry={() => void score.refetch()} />
      ) : (
        <div className="settings">
          <ErrorBar what="The exposure could not be read again" error={score.error} kept="What you see may be old." retry={() => void score.refetch()} />
          <Figures score={score.data} />
          <ScoreTrend range={range ?? '30d'} now={score.data.score} onRange={(next) => void navigate({ search: { range: next === '30d' ? undefined : next }, replace: true })} />
          <TopRecommendations />
          <SecureScoreCard />
          <div className="cards">
            <MostExposed />
            <Groups />
          </div>
          <Feeds />
        </div>
      )}
    </div>
  )
}
