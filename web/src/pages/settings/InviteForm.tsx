import { Button, Field, Input, Select } from '@fluentui/react-components'
import { type FormEvent, useState } from 'react'
import { useAddUser } from '../../api/queries/settings'
import { ROLES, type Role } from '../../api/types'
import { ErrorBar } from '../../components/ErrorBar'
import { GroupPicker } from '../../components/GroupPicker'
import { SecretOnce } from '../../components/SecretOnce'

/** How long a link is good, hours. */
const LIVES: [number, string][] = [[4, '4 hours'], [24, 'A day'], [72, '3 days'], [168, 'A week'], [336, '2 weeks']]

/** Makes an account with a one-time link, shown once. */
export function InviteForm() {
  const add = useAddUser()
  const [name, setName] = useState('')
  const [email, setEmail] = useState('')
  const [role, setRole] = useState<Role>('reader')
  const [groups, setGroups] = useState<string[] | null>(null)
  const [hours, setHours] = useState(24)
  const admin = role === 'administrator'
  const submit = (event: FormEvent) => {
    event.preventDefault()
    const body = { name: name.trim(), email: email.trim(), role, device_groups: admin ? null : groups, link_expires_in_hours: hours }
    add.mutate(body, { onSuccess: () => { setName(''); setEmail('') } })
  }
  return (
    <section className="card" aria-label="Invite somebody">
      <form className="form-row form-top" onSubmit={submit}>
        <Field label="Name"><Input value={name} onChange={(_, d) => setName(d.value)} /></Field>
        <Field label="Email"><Input type="email" value={email} onChange={(_, d) => setEmail(d.value)} /></Field>
        <Field label="Role" hint={ROLES[role]}>
          <Select value={role} onChange={(_, d) => setRole(d.value as Role)}>
            <option value="reader">Reader</option>
            <option value="operator">Operator</option>
            <option value="administrator">Administrator</option>
          </Select>
        </Field>
        <GroupPicker value={admin ? null : groups} onChange={setGroups} never={admin ? 'An administrator sees all devices.' : undefined} />
        <Field label="Link is good for">
          <Select value={String(hours)} onChange={(_, d) => setHours(Number(d.value))}>
            {LIVES.map(([life, label]) => <option key={life} value={life}>{label}</option>)}
          </Select>
        </Field>
        <Button type="submit" appearance="primary" disabled={!name.trim() || !email.trim() || add.isPending}>Invite</Button>
      </form>
      <ErrorBar what="Nobody was invited" error={add.error} kept="What you typed is kept." />
      {add.data && (
        <SecretOnce title={`Give this link to ${add.data.user.name}`} text={add.data.setup_url} label="Set-up link" expires={add.data.expires_at} onDone={add.reset}>
          It works once. Send it on a way that only they read.
        </SecretOnce>
      )}
    </section>
  )
}
