import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { weaknessDevicesQuery, weaknessQuery } from '../../api/queries/vulnerabilities'
import type { Vulnerability } from '../../api/types'
import { ErrorBar } from '../../components/ErrorBar'
import { Instant } from '../../components/Instant'
import { Severity } from '../../components/Severity'
import { SidePanel } from '../../components/SidePanel'
import { Loading } from '../../components/states'
import { formatCount } from '../../lib/format'
import { BlocksOf } from '../blocks/BlocksOf'
import { Exceptions } from './Exceptions'
import { Facts } from './Facts'
import { Why } from './Why'
import { epssText, UPDATE_WORDS } from './words'

/** One vulnerability: what it is, how bad, and why each device has it. */
export function WeaknessPanel({ id, onClose }: { id: string | undefined; onClose: () => void }) {
  const found = useQuery({ ...weaknessQuery(id ?? ''), enabled: id !== undefined })
  const one = id === undefined ? undefined : found.data
  return (
    <SidePanel open={id !== undefined} title={id ?? ''} onClose={onClose}>
      {one ? <Content one={one} /> : found.error ? <ErrorBar what="The vulnerability could not be read" error={found.error} kept="It may have been fixed: then it is gone." retry={() => void found.refetch()} /> : <Loading what="the vulnerability" />}
    </SidePanel>
  )
}

function Content({ one }: { one: Vulnerability }) {
  return (
    <div className="stack">
      <Known one={one} />
      <p>{formatCount(one.exposed_devices)} devices have it; on {formatCount(one.running_devices)} of them it runs. {UPDATE_WORDS[one.updates]}.</p>
      <BlocksOf type="vulnerability" subject={one.id} title={one.id} devices={one.exposed_devices} />
      <Exceptions type="vulnerability" subject={one.id} title={one.id} devices={one.exposed_devices} excepted={one.excepted_devices} />
      <Affected id={one.id} />
      <Facts title="Scores and their sources" facts={one.facts} />
    </div>
  )
}

/** What feeds know of it. */
export function Known({ one }: { one: Vulnerability }) {
  return (
    <>
      <div className="row wrap">
        <Severity severity={one.severity} />
        {one.exploited && <b>Exploited, says CISA since <Instant at={one.exploited_since} /></b>}
        {one.public_exploit && <b>An exploit is public</b>}
      </div>
      {one.name && <p><b>{one.name}</b></p>}
      {one.description && <p className="break">{one.description}</p>}
      <dl className="fields">
        <Field name="CVSS">{one.cvss === null ? 'not scored by anybody; that is not zero' : `${one.cvss.toFixed(1)} ${one.cvss_vector}`}</Field>
        <Field name="EPSS">{epssText(one.epss)}</Field>
        {one.cwes.length > 0 && <Field name="Kind of weakness">{one.cwes.join(', ')}</Field>}
        {one.aliases.length > 0 && <Field name="Also called">{one.aliases.join(', ')}</Field>}
        <Field name="Published"><Instant at={one.published_on} none="not known" /></Field>
        {one.references.length > 0 && (
          <Field name="Read on">{one.references.slice(0, 5).map((url) => <Reference key={url} url={url} />)}</Field>
        )}
      </dl>
    </>
  )
}

/** Only what a browser opens as a page is a link: feeds are written by others. */
function Reference({ url }: { url: string }) {
  return <div className="break">{/^https?:\/\//.test(url) ? <a className="link" href={url} target="_blank" rel="noopener noreferrer">{url}</a> : url}</div>
}

const Field = ({ name, children }: { name: string; children: React.ReactNode }) => (
  <div className="field"><dt>{name}</dt><dd><div>{children}</div></dd></div>
)

function Affected({ id }: { id: string }) {
  const devices = useQuery(weaknessDevicesQuery(id))
  if (!devices.data) return devices.error ? <ErrorBar what="The devices could not be read" error={devices.error} retry={() => void devices.refetch()} /> : <Loading what="devices" />
  const { items, total } = devices.data
  return (
    <section aria-label="Devices and why" className="stack">
      <div className="row between wrap"><h3>Devices, and why ({formatCount(total)})</h3><a className="link" href={`/api/v1/vulnerabilities/${encodeURIComponent(id)}/devices?format=csv`} download>CSV</a></div>
      {items.map((d) => (
        <article key={d.device.id} className="finding" aria-label={d.device.name}>
          <div className="row between wrap">
            <Link className="link" to="/devices/$deviceId/vulnerabilities" params={{ deviceId: d.device.id }} search={{ search: id }}>{d.device.name}</Link>
            <span className="muted small">{d.device.os}</span>
          </div>
          {d.components.map((c) => <Why key={`${c.name} ${c.version} ${c.architecture} ${c.paths[0] ?? ''}`} component={c} />)}
        </article>
      ))}
      {total > items.length && <p className="muted small">The first {formatCount(items.length)} of {formatCount(total)}.</p>}
    </section>
  )
}
