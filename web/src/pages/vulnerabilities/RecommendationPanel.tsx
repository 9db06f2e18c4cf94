import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { recommendationDevicesQuery, recommendationQuery } from '../../api/queries/vulnerabilities'
import type { SecurityRecommendation } from '../../api/types'
import { ErrorBar } from '../../components/ErrorBar'
import { Severity } from '../../components/Severity'
import { SidePanel } from '../../components/SidePanel'
import { Loading } from '../../components/states'
import { counted } from '../../lib/format'
import { BlocksOf } from '../blocks/BlocksOf'
import { RemediationsOf } from '../remediation/OfRecommendation'
import { DeviceList } from './DeviceList'
import { Exceptions } from './Exceptions'
import { Facts } from './Facts'
import { checkOf, recommendationTitle, RESTART_WORDS, scoreText } from './words'

/** What software can be blocked for: what is to be replaced or taken away. */
const BLOCKABLE = new Set(['update', 'uninstall', 'wait'])

/** One recommendation: what it takes away, what it does to the exposure, where, and its exceptions. */
export function RecommendationPanel({ id, onClose }: { id: string | undefined; onClose: () => void }) {
  const found = useQuery({ ...recommendationQuery(id ?? ''), enabled: id !== undefined })
  const one = id === undefined ? undefined : found.data
  return (
    <SidePanel open={id !== undefined} title={one ? recommendationTitle(one) : 'Recommendation'} onClose={onClose} actions={one && (checkOf(one.document) ? <Link className="link" to="/baselines">Security baselines</Link> : <Link className="link" to="/software" search={{ search: one.related_component }}>The software</Link>)}>
      {one ? <Content one={one} /> : found.error ? <ErrorBar what="The recommendation could not be read" error={found.error} kept="It may have been done: then it is gone." retry={() => void found.refetch()} /> : <Loading what="the recommendation" />}
    </SidePanel>
  )
}

function Content({ one }: { one: SecurityRecommendation }) {
  const devices = useQuery(recommendationDevicesQuery(one.id))
  const check = checkOf(one.document)
  return (
    <div className="stack">
      <div className="row wrap"><Severity severity={one.severity} />{one.exploited && <b>Exploited now</b>}{one.public_exploit && <b>An exploit is public</b>}</div>
      {check && (
        <>
          <p className="break">{check.why}</p>
          <p className="break"><b>What to do:</b> {check.fix}</p>
        </>
      )}
      <p>
        {check ? <>On {counted(one.exposed_devices, 'device')} it is not so</> : <>It takes {counted(one.weaknesses, 'vulnerability', 'vulnerabilities')} away on {counted(one.exposed_devices, 'device')}</>}
        {one.exposure_impact ? <>; done everywhere, it lowers the organisation’s exposure by <b>{scoreText(one.exposure_impact)}</b></> : null}
        {one.secure_score_impact ? <>; done everywhere, it raises the secure score by <b>{scoreText(one.secure_score_impact)}</b></> : null}.
        {RESTART_WORDS[one.restart] && <> What has to start again: {RESTART_WORDS[one.restart]!.toLowerCase()}.</>}
      </p>
      <RemediationsOf of={one} />
      {BLOCKABLE.has(one.remediation_type) && <BlocksOf type="recommendation" subject={one.id} title={one.related_component} devices={one.exposed_devices} />}
      <Exceptions type="recommendation" subject={one.id} title={recommendationTitle(one)} devices={one.exposed_devices} excepted={one.excepted_devices} />
      <DeviceList label="Devices that need it" devices={devices} csv={`/api/v1/recommendations/${encodeURIComponent(one.id)}/devices?format=csv`} />
      <Facts title="How this was computed" facts={one.document} />
    </div>
  )
}
