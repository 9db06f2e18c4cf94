import { Button, Select } from '@fluentui/react-components'
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import { sentence } from '../../api/errors'
import { blockDevicesQuery, blockQuery, useReleaseBlock } from '../../api/queries/blocks'
import { useMay } from '../../api/queries/session'
import type { ApplicationBlock, ApplicationBlockDevice } from '../../api/types'
import { ConfirmDialog } from '../../components/ConfirmDialog'
import { ErrorBar } from '../../components/ErrorBar'
import { Instant } from '../../components/Instant'
import { SidePanel } from '../../components/SidePanel'
import { Loading } from '../../components/states'
import { formatCount } from '../../lib/format'
import { BlockDeviceState, BlockMode, BlockState } from './badges'
import { ModeDialog } from './ModeDialog'
import { DEVICE_EFFECTS, DEVICE_STATES, DEVICE_WORDS, faultText, leftAlone, RUNG_WORDS, targetText } from './words'

/** One rule: what it is about, where it holds, what each device does, and what changes or ends it. */
export function BlockPanel({ id, onClose }: { id: string | undefined; onClose: () => void }) {
  const found = useQuery({ ...blockQuery(id ?? ''), enabled: id !== undefined })
  const rule = id === undefined ? undefined : found.data
  return (
    <SidePanel open={id !== undefined} title={rule?.title ?? 'Application block'} onClose={onClose} actions={rule && <Subject of={rule} />}>
      {rule ? <Content of={rule} /> : found.error ? <ErrorBar what="The rule could not be read" error={found.error} kept="It holds on devices as it is." retry={() => void found.refetch()} /> : <Loading what="the rule" />}
    </SidePanel>
  )
}

function Subject({ of: r }: { of: ApplicationBlock }) {
  if (r.subject_type === 'vulnerability') return <Link className="link" to="/weaknesses" search={{ panel: r.subject }}>{r.subject}</Link>
  if (r.subject_type === 'recommendation') return <Link className="link" to="/recommendations" search={{ panel: r.subject }}>Its recommendation</Link>
  return null
}

function Content({ of: r }: { of: ApplicationBlock }) {
  const may = useMay('vulnerabilities.manage')
  const release = useReleaseBlock()
  const [asking, setAsking] = useState<'mode' | 'release'>()
  const close = () => { setAsking(undefined); release.reset() }
  const active = r.state === 'active'
  return (
    <div className="stack">
      <div className="row between wrap">
        <span className="row wrap"><BlockState state={r.state} />{active && <BlockMode mode={r.mode} />}</span>
        {may && active && (
          <span className="row">
            <Button onClick={() => setAsking('mode')}>{r.mode === 'warn' ? 'Block…' : 'Warn only…'}</Button>
            <Button onClick={() => setAsking('release')}>Release…</Button>
          </span>
        )}
      </div>
      <ul className="risk-list" aria-label="Software">{r.targets.map((t) => <li key={targetText(t)} className="break">{targetText(t)}</li>)}</ul>
      {r.message && <p className="break">People read: “{r.message}”</p>}
      <dl className="fields">
        <Field name="Where">{r.device_group || 'Every device'}</Field>
        <Field name="Why"><span className="break">{r.note}</span></Field>
        <Field name="Made">{r.created_by}, <Instant at={r.created_at} show="age" /></Field>
        <Field name="Warns since"><Instant at={r.warning_since} show="age" /></Field>
        {r.blocking_since && <Field name="Blocks since"><Instant at={r.blocking_since} show="age" /></Field>}
        {!r.blocking_since && active && <Field name="May block"><Instant at={r.block_possible_at} show="age" /></Field>}
        {r.confirm_reason && <Field name="Why so early"><span className="break">{r.confirm_reason}</span></Field>}
        <Field name={r.ended_at ? 'Ended' : 'Ends'}>{r.ended_at ? <><Instant at={r.ended_at} show="age" />{r.ended_by && `, by ${r.ended_by}`}</> : <Instant at={r.expires_at} show="age" />}</Field>
      </dl>
      <Devices of={r} />
      {asking === 'mode' && <ModeDialog of={r} onClose={close} />}
      <ConfirmDialog
        open={asking === 'release'}
        title={`Release ${r.title}?`}
        confirm="Release"
        busy={release.isPending}
        error={release.error}
        onClose={close}
        onConfirm={() => release.mutate(r.id, { onSuccess: close })}
      >
        Devices let it start again at their next contact. {r.devices.affected === 1 ? '1 device has' : `${formatCount(r.devices.affected)} devices have`} a vulnerable version now.
      </ConfirmDialog>
    </div>
  )
}

const Field = ({ name, children }: { name: string; children: React.ReactNode }) => (
  <div className="field"><dt>{name}</dt><dd><div>{children}</div></dd></div>
)

function Devices({ of: r }: { of: ApplicationBlock }) {
  const [state, setState] = useState('')
  const devices = useQuery(blockDevicesQuery(r.id, state || undefined))
  return (
    <section className="stack" aria-label="Devices">
      <div className="row between wrap">
        <h3>Devices {devices.data && `(${formatCount(devices.data.total)})`}</h3>
        <Select size="small" aria-label="Which devices" value={state} onChange={(_, d) => setState(d.value)}>
          <option value="">All</option>
          {DEVICE_STATES.map((s) => <option key={s} value={s}>{DEVICE_WORDS[s]}</option>)}
        </Select>
      </div>
      {!devices.data ? (
        devices.error ? <ErrorBar what="The devices could not be read" error={devices.error} retry={() => void devices.refetch()} /> : <Loading what="devices" rows={3} />
      ) : devices.data.items.length === 0 ? (
        <p className="muted">None.</p>
      ) : (
        devices.data.items.map((d) => <DeviceOf key={d.device_id} device={d} />)
      )}
      {devices.data && devices.data.total > devices.data.items.length && <p className="muted small">The first {formatCount(devices.data.items.length)} of {formatCount(devices.data.total)}.</p>}
    </section>
  )
}

function DeviceOf({ device: d }: { device: ApplicationBlockDevice }) {
  const fault = faultText(d)
  const alone = leftAlone(d.refused)
  return (
    <article className="finding" aria-label={d.device_name}>
      <div className="row between wrap">
        <Link className="link" to="/devices/$deviceId" params={{ deviceId: d.device_id }}>{d.device_name}</Link>
        <BlockDeviceState state={d.state} />
      </div>
      <p className="muted small">
        {DEVICE_EFFECTS[d.state]} {d.rung && d.state === 'enforced' && `It is ${RUNG_WORDS[d.rung] ?? d.rung}.`} {d.affected && 'Its inventory has a vulnerable version.'}
      </p>
      {fault && <p className="break">{sentence(fault)} {d.code && <code className="muted small">{d.code}</code>}</p>}
      <dl>
        {d.packages.length > 0 && <><dt>Packages</dt><dd>{d.packages.join(', ')}</dd></>}
        {d.files > 0 && <><dt>Programs</dt><dd>{formatCount(d.files)}</dd></>}
        {alone.length > 0 && <><dt>Left alone</dt><dd>{alone.map((f) => <div key={f.name}><code className="break">{f.name}</code> <span className="muted small">{f.why}</span></div>)}</dd></>}
        <dt>Taken over</dt><dd><Instant at={d.acknowledged_at} show="age" none="not yet" /></dd>
      </dl>
    </article>
  )
}
