import { Select } from '@fluentui/react-components'
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import { catalogueQuery, checkDevicesQuery } from '../../api/queries/baselines'
import type { BaselineCheck, ProfileCheck, BaselineEvidence } from '../../api/types'
import { ErrorBar } from '../../components/ErrorBar'
import { Severity } from '../../components/Severity'
import { SidePanel } from '../../components/SidePanel'
import { Loading } from '../../components/states'
import { CHECK_STATES } from '../../lib/baselineSearch'
import { formatCount } from '../../lib/format'
import { CATEGORY_WORDS, REASON_WORDS, referencesOf, STATE_WORDS } from './words'

interface Props {
  profile: string
  id: string | undefined
  result: ProfileCheck | undefined
  onClose: () => void
}

/** One check of a profile: why, how to set it right, its ids elsewhere, and the devices where it fails. */
export function CheckPanel({ profile, id, result, onClose }: Props) {
  const catalogue = useQuery({ ...catalogueQuery, enabled: id !== undefined })
  const check = catalogue.data?.items.find((c) => c.id === id)
  return (
    <SidePanel open={id !== undefined} title={check?.title ?? result?.title ?? id ?? ''} onClose={onClose}>
      {id && (
        <div className="stack">
          <ErrorBar what="The catalogue could not be read" error={catalogue.error} retry={() => void catalogue.refetch()} />
          {check && <AboutCheck check={check} values={result?.values} />}
          <Failing profile={profile} check={id} />
        </div>
      )}
    </SidePanel>
  )
}

/** What a check is for and how to meet it; `values` are those of a profile. */
export function AboutCheck({ check: c, values }: { check: BaselineCheck; values?: Record<string, unknown> }) {
  const mapped = referencesOf(c.references)
  return (
    <>
      <div className="row wrap"><Severity severity={c.severity} /><span className="muted">{CATEGORY_WORDS[c.category] ?? c.category} · level {c.level} · counts {c.impact} of 10 in the secure score</span></div>
      <section className="stack" aria-label="Why"><h3>Why</h3><p className="break">{c.why}</p></section>
      <section className="stack" aria-label="What to do"><h3>What to do</h3><p className="break">{c.fix}</p></section>
      <dl className="fields">
        <div className="field"><dt>Identifier</dt><dd><code className="break">{c.id}</code></dd></div>
        {c.parameters.map((p) => (
          <div key={p.name} className="field"><dt>{p.what}</dt><dd><span><b>{String(values?.[p.name] ?? p.default)}</b> <span className="muted small">by itself {String(p.default)}</span></span></dd></div>
        ))}
        {mapped.map(([label, ids]) => (
          <div key={label} className="field"><dt>{label}</dt><dd><span className="break">{ids.join(', ')}</span></dd></div>
        ))}
      </dl>
    </>
  )
}

function Failing({ profile, check }: { profile: string; check: string }) {
  const [state, setState] = useState<string>('not_compliant')
  const devices = useQuery(checkDevicesQuery(profile, check, state))
  const csv = `/api/v1/baseline-profiles/${encodeURIComponent(profile)}/checks/${encodeURIComponent(check)}/devices?state=${state}&format=csv`
  return (
    <section className="stack" aria-label="Devices">
      <div className="row between wrap">
        <h3>Devices {devices.data && `(${formatCount(devices.data.total)})`}</h3>
        <div className="row">
          <Select size="small" aria-label="Which devices" value={state} onChange={(_, d) => setState(d.value)}>
            {CHECK_STATES.map((s) => <option key={s} value={s}>{STATE_WORDS[s]}</option>)}
          </Select>
          <a className="link" href={csv} download>CSV</a>
        </div>
      </div>
      {!devices.data ? (
        devices.error ? <ErrorBar what="The devices could not be read" error={devices.error} retry={() => void devices.refetch()} /> : <Loading what="devices" rows={3} />
      ) : devices.data.items.length === 0 ? (
        <p className="muted">None.</p>
      ) : (
        <>
          {devices.data.items.map((d) => (
            <article key={d.device.id} className="finding" aria-label={d.device.name}>
              <div className="row between wrap">
                <Link className="link" to="/devices/$deviceId/baseline" params={{ deviceId: d.device.id }} search={{ profile, panel: check }}>{d.device.name}</Link>
                <span className="muted small">{d.device.os}</span>
              </div>
              <Observed observed={d.observed} expected={d.expected} reason={d.reason} evidence={d.evidence} />
            </article>
          ))}
          {devices.data.total > devices.data.items.length && <p className="muted small">The first {formatCount(devices.data.items.length)} of {formatCount(devices.data.total)}.</p>}
        </>
      )}
    </section>
  )
}

/** What was found, what should be, and where that stands. */
export function Observed({ observed, expected, reason, evidence }: { observed: string; expected: string; reason: string; evidence: BaselineEvidence[] }) {
  return (
    <dl>
      {reason && <><dt>Why not told</dt><dd>{REASON_WORDS[reason] ?? reason}</dd></>}
      {observed && <><dt>Is</dt><dd><code className="break">{observed}</code></dd></>}
      {expected && <><dt>Should be</dt><dd><code className="break">{expected}</code></dd></>}
      {evidence.length > 0 && <><dt>Stands in</dt><dd>{evidence.map((e) => <div key={`${e.path} ${e.line ?? ''}`}><code className="break">{e.path}{e.line ? `, line ${e.line}` : ''}</code></div>)}</dd></>}
    </dl>
  )
}
