import { Button, Checkbox, Field, Input, Select } from '@fluentui/react-components'
import { type FormEvent, useState } from 'react'
import { useSession } from '../../api/queries/session'
import { useAddToken } from '../../api/queries/settings'
import type { Role } from '../../api/types'
import { ErrorBar } from '../../components/ErrorBar'
import { GroupPicker } from '../../components/GroupPicker'
import { SecretOnce } from '../../components/SecretOnce'
import { humanise } from '../../lib/format'

const LIVES = [7, 30, 90, 365]
/** From the least to the most. */
const ROLES: Role[] = ['reader', 'operator', 'administrator']
/** What a token may do of its role: everything, what such a role may, or what is ticked. */
const SCOPES = { all: 'Everything that its role may', read: 'Read', operate: 'Read and operate', some: 'Only what is ticked' }
type Scope = keyof typeof SCOPES

export function NewTokenForm() {
  const session = useSession().data
  const add = useAddToken()
  const [name, setName] = useState('')
  const [role, setRole] = useState<Role>('reader')
  const [scope, setScope] = useState<Scope>('all')
  const [ticked, setTicked] = useState<string[]>([])
  const [groups, setGroups] = useState<string[] | null>(null)
  const [days, setDays] = useState(30)
  const roles = ROLES.slice(0, ROLES.indexOf(session?.role ?? 'reader') + 1)
  const admin = role === 'administrator'
  // Every token tells who it is; that is no choice.
  const held = session?.permissions.filter((permission) => permission !== 'signed-in') ?? []
  const permissions = scope === 'all' ? null : scope === 'some' ? ticked : [scope]
  const submit = (event: FormEvent) => {
    event.preventDefault()
    const body = { name: name.trim(), role, permissions, device_groups: admin ? null : groups, expires_in_days: days }
    add.mutate(body, { onSuccess: () => setName('') })
  }
  const tick = (permission: string, on: boolean) => setTicked(on ? [...ticked, permission] : ticked.filter((p) => p !== permission))
  return (
    <section className="card" aria-label="Make a token">
      <form className="form-row form-top" onSubmit={submit}>
        <Field label="Name"><Input value={name} onChange={(_, d) => setName(d.value)} /></Field>
        <Field label="Role">
          <Select value={role} onChange={(_, d) => setRole(d.value as Role)}>
            {roles.map((r) => <option key={r} value={r}>{humanise(r)}</option>)}
          </Select>
        </Field>
        <Field label="May">
          <Select value={scope} onChange={(_, d) => setScope(d.value as Scope)}>
            {(Object.keys(SCOPES) as Scope[]).filter((s) => s !== 'operate' || role !== 'reader').map((s) => <option key={s} value={s}>{SCOPES[s]}</option>)}
          </Select>
        </Field>
        {scope === 'some' && (
          <fieldset className="ticks">
            <legend>Permissions</legend>
            {held.map((permission) => (
              <Checkbox key={permission} label={permission} checked={ticked.includes(permission)} onChange={(_, d) => tick(permission, d.checked === true)} />
            ))}
          </fieldset>
        )}
        <GroupPicker value={admin ? null : groups} onChange={setGroups} never={admin ? 'An administrator’s token sees all devices.' : undefined} />
        <Field label="Ends after">
          <Select value={String(days)} onChange={(_, d) => setDays(Number(d.value))}>
            {LIVES.map((life) => <option key={life} value={life}>{life} days</option>)}
          </Select>
        </Field>
        <Button type="submit" appearance="primary" disabled={!name.trim() || add.isPending || permissions?.length === 0}>Make a token</Button>
      </form>
      <ErrorBar what="No token was made" error={add.error} kept="What you typed is kept." />
      {add.data && (
        <SecretOnce title={`The token ${add.data.name}`} text={add.data.token} label="Token" expires={add.data.expires_at} onDone={add.reset}>
          Keep it like a password.
        </SecretOnce>
      )}
    </section>
  )
}
