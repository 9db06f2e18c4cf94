import { Tab, TabList } from '@fluentui/react-components'
import { useQuery } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { healthSummaryQuery } from '../../api/queries/health'
import { useMay } from '../../api/queries/session'
import { ErrorBar } from '../../components/ErrorBar'
import { Instant } from '../../components/Instant'
import { PageHeader } from '../../components/PageHeader'
import { ErrorState, Loading } from '../../components/states'
import type { HealthSearch } from '../../lib/search'
import { Figures } from './Figures'
import { FindingsTable } from './FindingsTable'
import { FindingPanel } from './FindingPanel'
import { Thresholds } from './Thresholds'
import { Trend } from './Trend'

/** How the estate is, in numbers that open their machines; what is wrong most; how it was; what counts as wrong. */
export function HealthPage() {
  const search = useSearch({ from: '/inside/health' })
  const navigate = useNavigate({ from: '/health' })
  const whole = useMay('estate.read')
  const summary = useQuery(healthSummaryQuery)
  const go = (change: Partial<HealthSearch>) => void navigate({ search: (old) => ({ ...old, ...change }), replace: true })
  const tab = whole ? (search.tab ?? 'overview') : 'overview'
  return (
    <div className="page">
      <PageHeader title="Health">
        {summary.data ? <>As of <Instant at={summary.data.at} show="age" />. A change is seen within ten seconds; every machine is judged again after four hours at the latest.</> : 'How the machines of the estate are.'}
      </PageHeader>
      {whole && (
        <TabList aria-label="Views of health" selectedValue={tab} onTabSelect={(_, d) => go({ tab: d.value === 'overview' ? undefined : 'thresholds' })}>
          <Tab value="overview">Overview</Tab>
          <Tab value="thresholds">Thresholds</Tab>
        </TabList>
      )}
      {tab === 'thresholds' ? (
        <Thresholds />
      ) : summary.isPending ? (
        <Loading what="health" />
      ) : !summary.data ? (
        <ErrorState what="Health could not be read" error={summary.error} kept="The machines are judged all the same." retry={() => void summary.refetch()} />
      ) : (
        <div className="settings">
          <ErrorBar what="Health could not be read again" error={summary.error} kept="What you see may be old." retry={() => void summary.refetch()} />
          <Figures summary={summary.data} />
          <Trend range={search.range ?? '24h'} onRange={(range) => go({ range: range === '24h' ? undefined : range })} />
          <FindingsTable findings={summary.data.findings} kind={search.kind} open={search.open} onKind={(kind) => go({ kind })} onOpen={(open) => go({ open })} />
        </div>
      )}
      <FindingPanel code={search.open} finding={summary.data?.findings.find((f) => f.code === search.open)} onClose={() => go({ open: undefined })} />
    </div>
  )
}
