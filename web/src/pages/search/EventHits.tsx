import { TableCell, TableRow } from '@fluentui/react-components'
import { Link } from '@tanstack/react-router'
import type { SearchAnswer } from '../../api/types'
import { Instant } from '../../components/Instant'
import { formatCount } from '../../lib/format'
import { Part } from './Hits'

const WORDS: Record<string, string> = { process: 'Program', file: 'File', user: 'User', address: 'Remote address', own_address: 'Own address' }

/** What events spoke of; each leads to a query that shows them. */
export function EventHits({ answer }: { answer: SearchAnswer }) {
  if (answer.events.length === 0) return null
  return (
    <Part title={`In events of ${answer.days === 1 ? 'one day' : `${answer.days} days`}`} names={['What', 'Value', 'Events', 'Devices', 'Last seen', 'On']}>
      {answer.events.map((hit) => (
        <TableRow key={`${hit.kind} ${hit.value}`}>
          <TableCell>{WORDS[hit.kind] ?? hit.kind}</TableCell>
          <TableCell className="path">
            <Link className="link" to="/hunting" search={{ q: hit.query, run: true }} title="Hunt for it">{hit.value}</Link>
          </TableCell>
          <TableCell className="nums">{formatCount(hit.events)}</TableCell>
          <TableCell className="nums">{formatCount(hit.devices)}</TableCell>
          <TableCell><Instant at={hit.last_seen} show="age" /></TableCell>
          <TableCell>
            {hit.device_id && (
              <>
                <Link className="link" to="/devices/$deviceId" params={{ deviceId: hit.device_id }}>{hit.device}</Link>
                {hit.devices > 1 && <span className="muted"> and others</span>}
              </>
            )}
          </TableCell>
        </TableRow>
      ))}
    </Part>
  )
}
