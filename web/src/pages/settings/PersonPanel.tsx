import { Button, Checkbox, Field, Input, Select } from '@fluentui/react-components'
import { type FormEvent, useState } from 'react'
import { useSession } from '../../api/queries/session'
import { useChangeUser, useRemoveUser } from '../../api/queries/settings'
import { ROLES, type Role, type User } from '../../api/types'
import { ConfirmDialog } from '../../components/ConfirmDialog'
import { ErrorBar } from '../../components/ErrorBar'
import { GroupPicker } from '../../components/GroupPicker'
import { SidePanel } from '../../components/SidePanel'
import { StateOf } from './PeoplePage'
import { PersonLink } from './PersonLink'
import { PersonAccess } from './PersonAccess'

interface Props {
  user: User | undefined
  onClose: () => void
}

/** One person: role and limit, set-up link, sessions, tokens. */
export function PersonPanel({ user, onClose }: Props) {
  const remove = useRemoveUser()
  const own = useSession().data?.user.id === user?.id
  const [leaving, setLeaving] = useState(false)
  return (
    <SidePanel open={user !== undefined} title={user?.name ?? ''} onClose={onClose}>
      {user && (
        <div className="stack">
          <p className="muted break">{user.email} · <StateOf user={user} /></p>
          <PersonForm key={user.id} user={user} />
          <PersonLink user={user} />
          {user.state !== 'invited' && <PersonAccess user={user} />}
          {!own && <div><Button onClick={() => setLeaving(true)} aria-label={`Remove ${user.name}`}>Remove the account</Button></div>}
        </div>
      )}
      <ConfirmDialog
        open={leaving}
        title={`Remove ${user?.name}?`}
        confirm="Remove"
        busy={remove.isPending}
        error={remove.error}
        onClose={() => { setLeaving(false); remove.reset() }}
        onConfirm={() => user && remove.mutate(user.id, { onSuccess: () => { setLeaving(false); onClose() } })}
      >
        Their sessions and tokens end at once. What they did stays in the audit log.
      </ConfirmDialog>
    </SidePanel>
  )
}

function PersonForm({ user }: { user: User }) {
  const change = useChangeUser()
  const [name, setName] = useState(user.name)
  const [role, setRole] = useState<Role>(user.role)
  const [groups, setGroups] = useState<string[] | null>(user.device_groups)
  const [disabled, setDisabled] = useState(user.state === 'disabled')
  const admin = role === 'administrator'
  const submit = (event: FormEvent) => {
    event.preventDefault()
    change.mutate({ id: user.id, name: name.trim(), role, disabled, device_groups: admin ? null : groups })
  }
  return (
    <form className="card" onSubmit={submit} aria-label="Account">
      <Field label="Name"><Input value={name} maxLength={200} onChange={(_, d) => setName(d.value)} /></Field>
      <Field label="Role" hint={ROLES[role]}>
        <Select value={role} onChange={(_, d) => setRole(d.value as Role)}>
          <option value="reader">Reader</option>
          <option value="operator">Operator</option>
          <option value="administrator">Administrator</option>
        </Select>
      </Field>
      <GroupPicker value={admin ? null : groups} onChange={setGroups} never={admin ? 'An administrator sees all devices.' : undefined} />
      <Checkbox label="Keep them out: sessions end, tokens are refused" checked={disabled} onChange={(_, d) => setDisabled(d.checked === true)} />
      <ErrorBar what="The account was not changed" error={change.error} kept="What you entered is kept." />
      <div className="row">
        <Button type="submit" appearance="primary" disabled={!name.trim() || change.isPending}>Save</Button>
        {change.isSuccess && <span role="status" className="muted">Saved. It holds from their next call on.</span>}
      </div>
    </form>
  )
}
