import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { recommendationDevicesQuery, recommendationQuery } from '../../api/queries/vulnerabilities'
import type { SecurityRecommendation } from '../../api/types'
import { ErrorBar } from '../../components/ErrorBar'
import { Severity } from '../../components/Severity'
import { SidePanel } from '../../components/SidePanel'
import { Loading } from '../../components/states'
import { formatCount } from '../../lib/format'
import { DeviceList } from './DeviceList'
import { Exceptions } from './Exceptions'
import { Facts } from './Facts'
import { recommendationTitle, RESTART_WORDS, scoreText } from './words'

/** One recommendation: what it takes away, what it does to the exposure, where, and its exceptions. */
export function RecommendationPanel({ id, onClose }: { id: string | undefined; onClose: () => void }) {
  const found = useQuery({ ...recommendationQuery(id ?? ''), enabled: id !== undefined })
  const one = id === undefined ? undefined : found.data
  return (
    <SidePanel open={id !== undefined} title={one ? recommendationTitle(one) : 'Recommendation'} onClose={onClose} actions={one && <Link className="link" to="/software" search={{ search: one.related_component }}>The software</Link>}>
      {one ? <Content one={one} /> : found.error ? <ErrorBar what="The recommendation could not be read" error={found.error} kept="It may have been done: then it is gone." retry={() => void found.refetch()} /> : <Loading what="the recommendation" />}
    </SidePanel>
  )
}

function Content({ one }: { one: SecurityRecommendation }) {
  const devices = useQuery(recommendationDevicesQuery(one.id))
  return (
    <div className="stack">
      <div className="row wrap"><Severity severity={one.severity} />{one.exploited && <b>Exploited now</b>}{one.public_exploit && <b>An exploit is public</b>}</div>
      <p>
        It takes {formatCount(one.weaknesses)} vulnerabilities away on {formatCount(one.exposed_devices)} devices
        {one.exposure_impact === null ? '.' : <> and lowers the organisation’s exposure by <b>{scoreText(one.exposure_impact)}</b>.</>}
        {RESTART_WORDS[one.restart] && <> What has to start again: {RESTART_WORDS[one.restart]!.toLowerCase()}.</>}
      </p>
      <Exceptions type="recommendation" subject={one.id} title={recommendationTitle(one)} devices={one.exposed_devices} excepted={one.excepted_devices} />
      <DeviceList label="Devices that need it" devices={devices} csv={`/api/v1/recommendations/${encodeURIComponent(one.id)}/devices?format=csv`} />
      <Facts title="How this was computed" facts={one.document} />
    </div>
  )
}
