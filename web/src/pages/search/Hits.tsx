import { Table, TableBody, TableCell, TableRow } from '@fluentui/react-components'
import { Link } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import type { SearchAnswer } from '../../api/types'
import { HeadRow } from '../../components/HeadRow'
import { HealthBadge } from '../../components/HealthBadge'
import { StatusBadge } from '../../components/StatusBadge'
import { formatCount, humanise } from '../../lib/format'

/** One part of the answer as a table. */
export function Part({ title, names, more, children }: { title: string; names: string[]; more?: ReactNode; children: ReactNode }) {
  return (
    <section aria-label={title}>
      <h2>{title}</h2>
      <div className="settings-table">
        <Table aria-label={title} size="small">
          <HeadRow names={names} />
          <TableBody>{children}</TableBody>
        </Table>
      </div>
      {more}
    </section>
  )
}

export function Devices({ answer, q }: { answer: SearchAnswer; q: string }) {
  if (answer.devices.length === 0) return null
  const more = answer.more.includes('devices') && <Link className="link small" to="/devices" search={{ search: q }}>There are more: all devices that contain “{q}”</Link>
  return (
    <Part title="Devices" names={['Name', 'Health', 'System', 'Addresses', 'Found by']} more={more}>
      {answer.devices.map((d) => (
        <TableRow key={d.id}>
          <TableCell><Link className="link" to="/devices/$deviceId" params={{ deviceId: d.id }}>{d.name}</Link></TableCell>
          <TableCell><HealthBadge health={d.health} /></TableCell>
          <TableCell>{d.os}</TableCell>
          <TableCell>{d.ip_addresses.slice(0, 3).join(', ')}</TableCell>
          <TableCell>{humanise(d.by)}</TableCell>
        </TableRow>
      ))}
    </Part>
  )
}

export function Machines({ answer, q }: { answer: SearchAnswer; q: string }) {
  if (answer.machines.length === 0) return null
  const more = answer.more.includes('machines') && <Link className="link small" to="/machines" search={{ search: q }}>There are more: all machines that contain “{q}”</Link>
  return (
    <Part title="Machines" names={['Name', 'Status', 'Subscription', 'System', 'Addresses', 'Found by']} more={more}>
      {answer.machines.map((m) => (
        <TableRow key={m.id}>
          <TableCell>
            <Link className="link" to="/machines/$machineId" params={{ machineId: m.id }}>{m.name}</Link>
            {m.gone && <span className="muted"> (deleted)</span>}
          </TableCell>
          <TableCell><StatusBadge status={m.status} /></TableCell>
          <TableCell>{m.subscription}</TableCell>
          <TableCell>{m.os}</TableCell>
          <TableCell>{m.addresses.slice(0, 3).join(', ')}</TableCell>
          <TableCell>{humanise(m.by)}</TableCell>
        </TableRow>
      ))}
    </Part>
  )
}

interface NamedProps {
  title: string
  items: SearchAnswer['subscriptions']
  more: boolean
  to: 'subscription' | 'connector' | 'group'
}

export function Named({ title, items, more, to }: NamedProps) {
  if (items.length === 0) return null
  const link = (id: string, name: string) =>
    to === 'subscription' ? (
      <Link className="link" to="/estate/$subscriptionId" params={{ subscriptionId: id }}>{name}</Link>
    ) : to === 'connector' ? (
      <Link className="link" to="/connectors/$connectorId" params={{ connectorId: id }}>{name}</Link>
    ) : (
      <Link className="link" to="/settings/device-groups/$groupId" params={{ groupId: id }}>{name}</Link>
    )
  return (
    <Part title={title} names={['Name', to === 'group' ? 'Criticality' : 'Kind']} more={more && <p className="muted small">There are more.</p>}>
      {items.map((item) => (
        <TableRow key={item.id}>
          <TableCell>{link(item.id, item.name)}</TableCell>
          <TableCell>{humanise(item.kind)}</TableCell>
        </TableRow>
      ))}
    </Part>
  )
}

export function People({ answer }: { answer: SearchAnswer }) {
  if (answer.people.length === 0) return null
  return (
    <Part title="People" names={['Name', 'Email', 'Role']} more={answer.more.includes('people') && <p className="muted small">There are more.</p>}>
      {answer.people.map((person) => (
        <TableRow key={person.id}>
          <TableCell><Link className="link" to="/settings/people" search={{ open: person.id }}>{person.name}</Link></TableCell>
          <TableCell>{person.email}</TableCell>
          <TableCell>{humanise(person.role)}</TableCell>
        </TableRow>
      ))}
    </Part>
  )
}

export function Findings({ answer }: { answer: SearchAnswer }) {
  if (answer.findings.length === 0) return null
  return (
    <Part title="Health findings" names={['Finding', 'Code', 'Machines']} more={answer.more.includes('findings') && <p className="muted small">There are more.</p>}>
      {answer.findings.map((f) => (
        <TableRow key={f.code}>
          <TableCell>
            {f.machines ? <Link className="link" to="/machines" search={{ finding: f.code }}>{f.title}</Link> : f.title}
          </TableCell>
          <TableCell><code>{f.code}</code></TableCell>
          <TableCell>{f.machines === null ? <span className="muted">not open to you</span> : formatCount(f.machines)}</TableCell>
        </TableRow>
      ))}
    </Part>
  )
}
