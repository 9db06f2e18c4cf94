import type { VulnerableComponent } from '../../api/types'
import { Instant } from '../../components/Instant'
import { Facts } from './Facts'
import { REMEDY_WORDS } from './words'

/** Why a package is vulnerable: what is installed, whose word it is, where it lies, and what fixes it. */
export function Why({ component: c }: { component: VulnerableComponent }) {
  return (
    <div className="stack">
      <div>
        <b>{c.name}</b> <code>{c.version}</code> {c.architecture && <span className="muted small">{c.architecture}</span>}{' '}
        {c.running ? <b className="small">runs</b> : <span className="muted small">installed, not running</span>}
      </div>
      <dl>
        <dt>Fix</dt>
        <dd>{c.fixed_version ? <>version <code>{c.fixed_version}</code></> : (REMEDY_WORDS[c.remedy] ?? c.remedy)}</dd>
        <dt>Whose word</dt>
        <dd>{c.advisory} of {c.feed}, fetched <Instant at={c.feed_fetched_at} show="age" none="at a time not known" /></dd>
        {c.source_name && c.source_name !== c.name && (
          <>
            <dt>Source package</dt>
            <dd>{c.source_name} {c.source_version}</dd>
          </>
        )}
        <dt>System</dt>
        <dd>{c.release || c.ecosystem}</dd>
        {c.paths.length > 0 && (
          <>
            <dt>Lies at</dt>
            <dd>{c.paths.map((path) => <code key={path} className="break">{path} </code>)}</dd>
          </>
        )}
        <dt>First found</dt>
        <dd><Instant at={c.first_detected} show="age" /></dd>
      </dl>
      <Facts title="What matched" facts={c.why} />
    </div>
  )
}
