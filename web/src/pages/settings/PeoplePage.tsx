import { Table, TableBody, TableCell, TableRow } from '@fluentui/react-components'
import { useQuery } from '@tanstack/react-query'
import { Link, useNavigate, useSearch } from '@tanstack/react-router'
import { useGroupNames } from '../../api/queries/groups'
import { useMay, useSession } from '../../api/queries/session'
import { usersQuery } from '../../api/queries/settings'
import type { User } from '../../api/types'
import { HeadRow } from '../../components/HeadRow'
import { Instant } from '../../components/Instant'
import { PageHeader } from '../../components/PageHeader'
import { ErrorState, Loading } from '../../components/states'
import { humanise } from '../../lib/format'
import { useNow } from '../../lib/hooks'
import { InviteForm } from './InviteForm'
import { PersonPanel } from './PersonPanel'

/** Who has an account or an invitation, and inviting somebody by a one-time link. */
export function PeoplePage() {
  const users = useQuery(usersQuery)
  const may = useMay('users.manage')
  const { open } = useSearch({ from: '/inside/settings/people' })
  const navigate = useNavigate({ from: '/settings/people' })
  const selected = users.data?.items.find((user) => user.id === open)
  return (
    <div className="page">
      <div className="settings">
        <PageHeader title="People" count={users.data?.total}>
          Readers look and hunt, operators act on devices, administrators may do everything. Readers and operators can be limited to device groups.
        </PageHeader>
        {may && <InviteForm />}
        {users.isPending ? (
          <Loading what="people" />
        ) : !users.data ? (
          <ErrorState what="The people could not be read" error={users.error} kept="No account was changed." retry={() => void users.refetch()} />
        ) : (
          <div className="settings-table">
            <Table aria-label="People" className="wide-table">
              <HeadRow names={['Name', 'Email', 'Role', 'Sees', 'State', 'Authenticator', 'Last sign-in']} />
              <TableBody>
                {users.data.items.map((user) => <PersonRow key={user.id} user={user} />)}
              </TableBody>
            </Table>
          </div>
        )}
      </div>
      <PersonPanel user={selected} onClose={() => void navigate({ search: {} })} />
    </div>
  )
}

function PersonRow({ user }: { user: User }) {
  const own = useSession().data?.user.id === user.id
  const nameOf = useGroupNames()
  return (
    <TableRow>
      <TableCell className="break">
        <Link className="link" to="/settings/people" search={{ open: user.id }}>{user.name}</Link>
        {own && <span className="muted"> (you)</span>}
      </TableCell>
      <TableCell className="break">{user.email}</TableCell>
      <TableCell>{humanise(user.role)}</TableCell>
      <TableCell className="break">{user.device_groups ? user.device_groups.map(nameOf).join(', ') || 'No device' : 'All devices'}</TableCell>
      <TableCell><StateOf user={user} /></TableCell>
      <TableCell>{user.totp_enabled ? 'Set up' : 'None'}</TableCell>
      <TableCell><Instant at={user.last_sign_in} show="age" /></TableCell>
    </TableRow>
  )
}

/** An invitation says when it ends, or that it has. */
export function StateOf({ user }: { user: User }) {
  const now = useNow()
  if (user.state !== 'invited' || !user.setup_link_expires_at) return <>{humanise(user.state)}</>
  const over = new Date(user.setup_link_expires_at) <= now
  return <>{over ? 'Invitation ended ' : 'Invited, ends '}<Instant at={user.setup_link_expires_at} show="age" /></>
}
