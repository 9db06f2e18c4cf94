import { Table, TableBody, TableCell, TableRow } from '@fluentui/react-components'
import { CheckmarkCircleFilled, DismissCircleFilled, SubtractCircleFilled, WarningFilled } from '@fluentui/react-icons'
import { useSuspenseQuery } from '@tanstack/react-query'
import { Link, useParams } from '@tanstack/react-router'
import { deviceQuery } from '../../api/queries/devices'
import { HeadRow } from '../../components/HeadRow'
import { EmptyState } from '../../components/states'
import { formatCount, humanise } from '../../lib/format'
import { counterQuery } from '../hunting/samples'

const TONES: Record<string, 'good' | 'warn' | 'bad' | 'quiet'> = { ok: 'good', degraded: 'warn', failed: 'bad', off: 'quiet' }

/** What the sensor's parts do, on which rung, and everything that it counted, losses included. */
export function SensorTab() {
  const { deviceId } = useParams({ from: '/inside/devices/$deviceId/sensor' })
  const { data } = useSuspenseQuery(deviceQuery(deviceId))
  const counters = Object.entries(data.counters ?? {}).sort(([a], [b]) => a.localeCompare(b))
  if (data.components.length === 0 && counters.length === 0) {
    return <EmptyState title="The sensor has not reported its parts yet">They come with its next heartbeat.</EmptyState>
  }
  return (
    <div className="cards">
      <section className="card" aria-labelledby="components">
        <h2 id="components" className="card-title">Components</h2>
        <div className="settings-table">
          <Table size="small" aria-labelledby="components">
            <HeadRow names={['Component', 'State', 'Works by', 'Detail']} />
            <TableBody>
              {data.components.map((component) => (
                <TableRow key={component.name}>
                  <TableCell>{humanise(component.name)}</TableCell>
                  <TableCell><PartState state={component.state} /></TableCell>
                  <TableCell title={component.rung ? `Rung ${component.rung} of its ladder; 1 is the best` : undefined}>
                    {component.mechanism}
                    {component.rung > 0 && <span className="muted"> · rung {component.rung}</span>}
                  </TableCell>
                  <TableCell className="break">{component.detail}</TableCell>
                </TableRow>
              ))}
            </TableBody>
          </Table>
        </div>
      </section>
      <section className="card" aria-labelledby="counters">
        <h2 id="counters" className="card-title">Counters</h2>
        <p className="muted small">Since the sensor’s spool was made. What is lost, cut or masked is counted here, never silent.</p>
        <dl className="fields">
          {counters.map(([name, value]) => (
            <div key={name} className="field">
              <dt>{humanise(name)}</dt>
              <dd className="nums">
                <Link className="link" to="/hunting" search={{ q: counterQuery(deviceId, name), run: true }} title="Its history in hunting">
                  {formatCount(value)}
                </Link>
              </dd>
            </div>
          ))}
        </dl>
      </section>
    </div>
  )
}

function PartState({ state }: { state: string }) {
  const tone = TONES[state] ?? 'warn'
  const icon = { good: <CheckmarkCircleFilled />, bad: <DismissCircleFilled />, warn: <WarningFilled />, quiet: <SubtractCircleFilled /> }[tone]
  return (
    <span className={`state ${tone}`}>
      <span className="state-icon" aria-hidden>{icon}</span>
      {state === 'ok' ? 'OK' : humanise(state)}
    </span>
  )
}
