import { Button, Table, TableBody, TableCell, TableRow } from '@fluentui/react-components'
import { ArrowDownRegular, ArrowUpRegular, GroupListRegular } from '@fluentui/react-icons'
import { useQuery } from '@tanstack/react-query'
import { Link, useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { groupsQuery, useMoveGroup, useRemoveGroup } from '../../api/queries/groups'
import { useSession } from '../../api/queries/session'
import { subscriptionsQuery } from '../../api/queries/usage'
import type { DeviceGroup } from '../../api/types'
import { ConfirmDialog } from '../../components/ConfirmDialog'
import { ErrorBar } from '../../components/ErrorBar'
import { HeadRow } from '../../components/HeadRow'
import { PageHeader } from '../../components/PageHeader'
import { EmptyState, ErrorState, Loading } from '../../components/states'
import { formatCount, humanise } from '../../lib/format'
import { sentenceOf } from '../../lib/rules'

/** Which devices belong together, in the order in which they decide. */
export function DeviceGroupsPage() {
  const groups = useQuery(groupsQuery)
  const admin = useSession().data?.role === 'administrator'
  const limited = useSession().data?.limited === true
  const subscriptions = useQuery({ ...subscriptionsQuery, enabled: !limited }).data?.items
  const navigate = useNavigate()
  const move = useMoveGroup()
  const remove = useRemoveGroup()
  const [leaving, setLeaving] = useState<DeviceGroup>()
  const nameOf = (id: string) => subscriptions?.find((s) => s.id === id)?.name ?? id
  const make = admin && <Button appearance="primary" onClick={() => void navigate({ to: '/settings/device-groups/$groupId', params: { groupId: 'new' } })}>New device group</Button>
  const items = groups.data?.items ?? []
  return (
    <div className="page">
      <div className="settings">
        <PageHeader title="Device groups" count={groups.data?.total} actions={make}>
          {limited
            ? 'You are limited to these groups: you see and act on their devices only.'
            : 'A device belongs to every group whose rule it matches. The first of them gives its criticality and automation level.'}
        </PageHeader>
        <ErrorBar what="The order was not changed" error={move.error} />
        {groups.isPending ? (
          <Loading what="device groups" />
        ) : !groups.data ? (
          <ErrorState what="The device groups could not be read" error={groups.error} kept="No group was changed." retry={() => void groups.refetch()} />
        ) : items.length === 0 ? (
          <EmptyState icon={<GroupListRegular />} title="There is no device group" action={make}>
            Group devices by name, tag, system, subscription or address; then limit people to groups, and say how critical their devices are.
          </EmptyState>
        ) : (
          <div className="settings-table">
            <Table aria-label="Device groups" className="wide-table">
              <HeadRow names={['Rank', 'Name', 'Rule', 'Criticality', 'Automation', 'Devices', 'Limited']} actions={admin} />
              <TableBody>
                {items.map((group, at) => (
                  <TableRow key={group.id}>
                    <TableCell className="nums">{group.rank}</TableCell>
                    <TableCell className="break">
                      {admin ? <Link className="link" to="/settings/device-groups/$groupId" params={{ groupId: group.id }}>{group.name}</Link> : group.name}
                      {group.description && <div className="muted small">{group.description}</div>}
                    </TableCell>
                    <TableCell className="break small">{sentenceOf(group.rule, nameOf)}</TableCell>
                    <TableCell>{humanise(group.criticality)}</TableCell>
                    <TableCell>{humanise(group.automation)}</TableCell>
                    <TableCell className="nums"><Link className="link" to="/devices" search={{ group: group.id }}>{formatCount(group.device_count)}</Link></TableCell>
                    <TableCell className="nums">{formatCount(group.limited_count)}</TableCell>
                    {admin && (
                      <TableCell>
                        <div className="row">
                          <Button size="small" appearance="subtle" icon={<ArrowUpRegular />} aria-label={`Move ${group.name} up`} disabled={at === 0 || move.isPending} onClick={() => move.mutate({ group, rank: group.rank - 1 })} />
                          <Button size="small" appearance="subtle" icon={<ArrowDownRegular />} aria-label={`Move ${group.name} down`} disabled={at === items.length - 1 || move.isPending} onClick={() => move.mutate({ group, rank: group.rank + 1 })} />
                          <Button size="small" aria-label={`Delete ${group.name}`} onClick={() => setLeaving(group)}>Delete</Button>
                        </div>
                      </TableCell>
                    )}
                  </TableRow>
                ))}
              </TableBody>
            </Table>
          </div>
        )}
      </div>
      <ConfirmDialog
        open={leaving !== undefined}
        title={`Delete the device group ${leaving?.name}?`}
        confirm="Delete"
        busy={remove.isPending}
        error={remove.error}
        onClose={() => { setLeaving(undefined); remove.reset() }}
        onConfirm={() => leaving && remove.mutate(leaving.id, { onSuccess: () => setLeaving(undefined) })}
      >
        Its {formatCount(leaving?.device_count ?? 0)} devices stay as they are; criticality and automation level come from the next group that they belong to.
      </ConfirmDialog>
    </div>
  )
}
