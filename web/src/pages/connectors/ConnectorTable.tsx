import { Table, TableBody, TableCell, TableRow } from '@fluentui/react-components'
import { WarningFilled } from '@fluentui/react-icons'
import { Link } from '@tanstack/react-router'
import { sentence } from '../../api/errors'
import type { Connector } from '../../api/types'
import { HeadRow } from '../../components/HeadRow'
import { Instant } from '../../components/Instant'
import { formatCount } from '../../lib/format'
import '../../components/estate.css'
import { StateOf } from './StateOf'
import { kindName } from './words'

interface Props {
  connectors: Connector[]
  /** Given where connectors of several subscriptions are shown. */
  subscriptionName?: (id: string) => string
}

/** Connectors with their state, how their last listing went, and what to do where it went wrong. */
export function ConnectorTable({ connectors, subscriptionName }: Props) {
  const names = ['Name', 'Kind', 'State', ...(subscriptionName ? ['Subscription'] : []), 'Machines', 'Last listing']
  return (
    <div className="settings-table" tabIndex={0}>
      <Table aria-label="Connectors" className="wide-table">
        <HeadRow names={names} />
        <TableBody>
          {connectors.map((c) => (
            <TableRow key={c.id}>
              <TableCell className="break name-cell"><Link className="link" to="/connectors/$connectorId" params={{ connectorId: c.id }}>{c.name}</Link></TableCell>
              <TableCell>{kindName(c.kind)}</TableCell>
              <TableCell><StateOf connector={c} /></TableCell>
              {subscriptionName && (
                <TableCell className="break">
                  <Link className="link" to="/estate/$subscriptionId" params={{ subscriptionId: c.subscription_id }} search={{ tab: 'connectors' }}>{subscriptionName(c.subscription_id)}</Link>
                </TableCell>
              )}
              <TableCell className="nums"><Link className="link" to="/machines" search={{ connector: c.id }} aria-label={`${c.machines} machines of ${c.name}`}>{formatCount(c.machines)}</Link></TableCell>
              <TableCell className="break"><Listing connector={c} /></TableCell>
            </TableRow>
          ))}
        </TableBody>
      </Table>
    </div>
  )
}

function Listing({ connector: c }: { connector: Connector }) {
  const when = c.busy ? <span>under way…</span> : <Instant at={c.last_listed} show="age" none={c.last_error ? 'never' : 'not yet'} />
  return (
    <>
      {when}
      {c.state !== 'revoked' && c.last_error && (
        <div className="finding-line">
          <span className="state warn"><span className="state-icon" aria-hidden><WarningFilled /></span>Failed</span>{' '}
          {sentence(c.last_error)} {c.error_fix} {c.error_code && <code className="muted small">{c.error_code}</code>}
        </div>
      )}
      {c.state !== 'revoked' && c.keys_waiting > 0 && (
        <div>
          <Link className="link" to="/connectors/$connectorId" params={{ connectorId: c.id }} search={{ tab: 'keys' }}>
            {c.keys_waiting === 1 ? '1 host key waits' : `${formatCount(c.keys_waiting)} host keys wait`} for confirmation
          </Link>
        </div>
      )}
    </>
  )
}
