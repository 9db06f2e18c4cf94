import { Link } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import { useMay } from '../../api/queries/session'
import type { Machine } from '../../api/types'
import { CopyButton } from '../../components/CopyText'
import { Instant } from '../../components/Instant'
import { humanise } from '../../lib/format'
import { PLAN_NAMES } from '../subscriptions/planText'
import { extensionWord, systemOf } from './words'
import '../../components/estate.css'

/** What is known of a machine. */
export function MachineFacts({ machine: m }: { machine: Machine }) {
  const whole = useMay('estate.read')
  const tags = Object.entries(m.tags)
  return (
    <dl className="facts">
      <Fact name="Subscription">
        {whole ? <Link className="link" to="/estate/$subscriptionId" params={{ subscriptionId: m.subscription_id }}>{m.subscription}</Link> : m.subscription}
      </Fact>
      <Fact name="Connector">
        {m.connector_id ? (whole ? <Link className="link" to="/connectors/$connectorId" params={{ connectorId: m.connector_id }}>The one that lists it</Link> : 'One lists it') : <span className="muted">none: it enrolled by itself</span>}
      </Fact>
      <Fact name="System">{systemOf(m) || <span className="muted">not known yet</span>}</Fact>
      <Fact name="Kernel">{m.kernel} {m.architecture}</Fact>
      <Fact name="Addresses">{m.addresses.join(', ')}</Fact>
      <Fact name="Power">{m.power === 'unknown' ? <span className="muted">nobody says</span> : humanise(m.power)}</Fact>
      <Fact name="Extension"><code>{m.extension_name}</code> {extensionWord(m.extension)}<div className="muted small">also read as {m.extension_alias}</div></Fact>
      <Fact name="Plan">{PLAN_NAMES[m.plan] ?? 'none'}{m.posture && ', Posture'}{m.plan_override !== 'inherit' && <span className="muted"> · decided for this machine alone</span>}</Fact>
      <Fact name="Owner">{m.owner}</Fact>
      <Fact name="Tags">{tags.map(([key, value]) => (value ? `${key}=${value}` : key)).join(', ')}</Fact>
      <Fact name="Excluded">{m.exclusion || <span className="muted">no</span>}</Fact>
      <Fact name="Device">
        {m.device_id ? <Link className="link break" to="/devices/$deviceId" params={{ deviceId: m.device_id }}>{m.device_id.slice(0, 12)}…</Link> : <span className="muted">no sensor has enrolled</span>}
      </Fact>
      <Fact name="First known"><Instant at={m.first_seen} /></Fact>
      <Fact name="Judged"><Instant at={m.evaluated_at} show="age" none="not yet" /></Fact>
      {m.offboarded_at && <Fact name="Out of service since"><Instant at={m.offboarded_at} /></Fact>}
      {m.retired_at && <Fact name="Deleted by its cloud"><Instant at={m.retired_at} /></Fact>}
      {m.cloud_id && <Fact name="Cloud name"><span className="break">{m.cloud_id}</span></Fact>}
      <Fact name="Identifier"><span className="row"><code className="break">{m.id}</code><CopyButton text={m.id} label="Copy the identifier" /></span></Fact>
    </dl>
  )
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div className="field">
      <dt>{name}</dt>
      <dd><div className="break">{children || <span className="muted">–</span>}</div></dd>
    </div>
  )
}
