import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { groupExposuresQuery, mostExposedQuery } from '../../api/queries/vulnerabilities'
import { ErrorBar } from '../../components/ErrorBar'
import { Loading } from '../../components/states'
import { formatCount } from '../../lib/format'
import { levelOf, LEVEL_WORDS, scoreText } from './words'

/** The devices that are exposed most, each opening what is wrong with it. */
export function MostExposed() {
  const devices = useQuery(mostExposedQuery)
  return (
    <section className="card" aria-label="Most exposed devices">
      <div className="row between wrap">
        <h2 className="card-title">Most exposed devices</h2>
        <Link className="link" to="/exposure/devices">All judged devices</Link>
      </div>
      {!devices.data ? (
        devices.error ? <ErrorBar what="The devices could not be read" error={devices.error} retry={() => void devices.refetch()} /> : <Loading what="devices" rows={4} />
      ) : devices.data.items.length === 0 ? (
        <p className="muted">No device was judged yet.</p>
      ) : (
        <ul className="plain-list">
          {devices.data.items.map((e) => (
            <li key={e.device.id}>
              <div className="grow">
                <Link className="link" to="/devices/$deviceId/vulnerabilities" params={{ deviceId: e.device.id }}>{e.device.name}</Link>
                <div className="muted small">
                  {formatCount(e.vulnerabilities.critical)} critical, {formatCount(e.vulnerabilities.high)} high{e.exploited > 0 && `, ${formatCount(e.exploited)} exploited now`}
                </div>
              </div>
              <Exposure score={e.device.exposure} />
            </li>
          ))}
        </ul>
      )}
    </section>
  )
}

/** The exposure of each device group. */
export function Groups() {
  const groups = useQuery(groupExposuresQuery)
  return (
    <section className="card" aria-label="Exposure by device group">
      <h2 className="card-title">By device group</h2>
      {!groups.data ? (
        groups.error ? <ErrorBar what="The groups could not be read" error={groups.error} retry={() => void groups.refetch()} /> : <Loading what="groups" rows={4} />
      ) : groups.data.items.length === 0 ? (
        <p className="muted">There is no device group. <Link className="link" to="/settings/device-groups">Make one</Link> to compare parts of the organisation.</p>
      ) : (
        <ul className="plain-list">
          {groups.data.items.map((g) => (
            <li key={g.id}>
              <div className="grow">
                <Link className="link" to="/settings/device-groups/$groupId" params={{ groupId: g.id }}>{g.name}</Link>
                <div className="muted small">{formatCount(g.devices)} judged devices</div>
              </div>
              <Exposure score={g.score} />
            </li>
          ))}
        </ul>
      )}
    </section>
  )
}

/** A score with its level in words. */
export function Exposure({ score }: { score: number | null }) {
  if (score === null) return <span className="muted">not judged</span>
  return <span className="nums"><b>{scoreText(score)}</b> <span className="muted small">{LEVEL_WORDS[levelOf(score)].toLowerCase()}</span></span>
}
