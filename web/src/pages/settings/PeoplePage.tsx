import { Button, Table, TableBody, TableCell, TableRow } from '@fluentui/react-components'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useSession } from '../../api/queries/session'
import { useRemoveUser, usersQuery } from '../../api/queries/settings'
import type { User } from '../../api/types'
import { ConfirmDialog } from '../../components/ConfirmDialog'
import { HeadRow } from '../../components/HeadRow'
import { Instant } from '../../components/Instant'
import { PageHeader } from '../../components/PageHeader'
import { ErrorState, Loading } from '../../components/states'
import { humanise } from '../../lib/format'
import { InviteForm } from './InviteForm'

/** Who has an account, and inviting somebody by a one-time link. */
export function PeoplePage() {
  const users = useQuery(usersQuery)
  const session = useSession().data
  const remove = useRemoveUser()
  const [leaving, setLeaving] = useState<User>()
  return (
    <div className="page">
      <div className="settings">
        <PageHeader title="People" count={users.data?.total}>Administrators may do everything; readers look and hunt.</PageHeader>
        {session?.role === 'administrator' && <InviteForm />}
        {users.isPending ? (
          <Loading what="people" />
        ) : !users.data ? (
          <ErrorState what="The people could not be read" error={users.error} kept="No account was changed." retry={() => void users.refetch()} />
        ) : (
          <div className="settings-table">
            <Table aria-label="People" className="wide-table">
              <HeadRow names={['Name', 'Email', 'Role', 'State', 'Authenticator', 'Last sign-in']} actions />
              <TableBody>
                {users.data.items.map((user) => (
                  <TableRow key={user.id}>
                    <TableCell>{user.name}</TableCell>
                    <TableCell className="break">{user.email}</TableCell>
                    <TableCell>{humanise(user.role)}</TableCell>
                    <TableCell>{humanise(user.state)}</TableCell>
                    <TableCell>{user.totp_enabled ? 'Set up' : 'None'}</TableCell>
                    <TableCell><Instant at={user.last_sign_in} show="age" /></TableCell>
                    <TableCell>
                      {user.id === session?.user.id ? <span className="muted">You</span> : <Button size="small" onClick={() => setLeaving(user)} aria-label={`Remove ${user.name}`}>Remove</Button>}
                    </TableCell>
                  </TableRow>
                ))}
              </TableBody>
            </Table>
          </div>
        )}
      </div>
      <ConfirmDialog
        open={leaving !== undefined}
        title={`Remove ${leaving?.name}?`}
        confirm="Remove"
        busy={remove.isPending}
        error={remove.error}
        onClose={() => { setLeaving(undefined); remove.reset() }}
        onConfirm={() => leaving && remove.mutate(leaving.id, { onSuccess: () => setLeaving(undefined) })}
      >
        Their sessions and tokens end at once. What they did stays in the audit log.
      </ConfirmDialog>
    </div>
  )
}
