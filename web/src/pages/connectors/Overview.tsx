import { MessageBar, MessageBarBody, MessageBarTitle, ProgressBar } from '@fluentui/react-components'
import { CheckmarkCircleRegular, CircleRegular } from '@fluentui/react-icons'
import { Link } from '@tanstack/react-router'
import { sentence } from '../../api/errors'
import type { Connector } from '../../api/types'
import { CheckList } from '../../components/CheckList'
import { formatCount } from '../../lib/format'
import { useDelayed } from '../../lib/hooks'
import { RolloutNote } from '../estate/RolloutNote'
import { CHECK_WORDS } from './words'

/** What is wrong with it, what its last test found, and what comes next. */
export function Overview({ connector: c }: { connector: Connector }) {
  return (
    <>
      {c.busy && <Busy />}
      {c.last_error && c.state !== 'revoked' && (
        <MessageBar intent="error" layout="multiline" role="alert">
          <MessageBarBody>
            <MessageBarTitle>The last listing failed.</MessageBarTitle> {sentence(c.last_error)} Machines that were listed before are kept. {c.error_fix}{' '}
            {c.error_code && <>(<code>{c.error_code}</code>)</>}
          </MessageBarBody>
        </MessageBar>
      )}
      {c.state === 'planned' && c.kind !== 'cloud_init' && <Next connector={c} />}
      {c.state === 'active' && <RolloutNote subscription={c.subscription_id} />}
      <section className="card" aria-label="Test">
        <h2 className="card-title">What its last test found</h2>
        {c.checks.length === 0 ? (
          <p className="muted">{c.state === 'revoked' ? 'The connector has ended.' : c.busy ? 'It is being tested for the first time.' : 'It could not be tested: its list has to be read first.'}</p>
        ) : (
          <CheckList label="Test" items={c.checks} words={CHECK_WORDS} />
        )}
      </section>
    </>
  )
}

/** A listing that takes longer than this has met something. */
const LONG = 120_000

function Busy() {
  const long = useDelayed(true, LONG)
  return (
    <div className="stack" role="status">
      <ProgressBar aria-label="Listing and testing" />
      <p>{long ? 'It has not answered for two minutes. Large lists take longer; if nothing comes, look at the log of the connect process.' : 'Its machines are listed and it is tested…'}</p>
    </div>
  )
}

/** The way from a new connector to sensors on its machines. */
function Next({ connector: c }: { connector: Connector }) {
  const tested = c.checks.length > 0 && c.checks.every((check) => check.outcome === 'ok' || check.outcome === 'skipped')
  const steps: [boolean, React.ReactNode][] = [
    [Boolean(c.last_listed) && !c.last_error, <>List its machines{c.last_listed && <>: <Link className="link" to="/machines" search={{ connector: c.id }}>{formatCount(c.machines)} found</Link></>}</>],
    ...(c.kind === 'ssh'
      ? [[Boolean(c.last_listed) && c.keys_waiting === 0, <>Compare and confirm <Link className="link" to="/connectors/$connectorId" params={{ connectorId: c.id }} search={{ tab: 'keys' }}>the host keys</Link>{c.keys_waiting > 0 && `: ${formatCount(c.keys_waiting)} wait`}</>] as [boolean, React.ReactNode]]
      : []),
    [tested, 'See the test go well'],
    [false, <>Read <Link className="link" to="/connectors/$connectorId" params={{ connectorId: c.id }} search={{ tab: 'plan' }}>the dry run</Link>, then begin the roll-out</>],
  ]
  return (
    <section className="card" aria-label="What comes next">
      <h2 className="card-title">What comes next</h2>
      <ol className="steps">
        {steps.map(([done, words], n) => (
          <li key={n} className={done ? undefined : 'todo'}>
            {done ? <CheckmarkCircleRegular className="state good" aria-label="done" /> : <CircleRegular aria-label="to do" />}
            <span>{words}</span>
          </li>
        ))}
      </ol>
      <p className="muted small">Until then nothing is changed on any machine.</p>
    </section>
  )
}
