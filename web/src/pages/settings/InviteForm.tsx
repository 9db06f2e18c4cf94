import { Button, Field, Input, Select } from '@fluentui/react-components'
import { type FormEvent, useState } from 'react'
import { useAddUser } from '../../api/queries/settings'
import type { Role } from '../../api/types'
import { ErrorBar } from '../../components/ErrorBar'
import { SecretOnce } from '../../components/SecretOnce'

/** Makes an account with a one-time link, shown once. */
export function InviteForm() {
  const add = useAddUser()
  const [name, setName] = useState('')
  const [email, setEmail] = useState('')
  const [role, setRole] = useState<Role>('reader')
  const submit = (event: FormEvent) => {
    event.preventDefault()
    add.mutate({ name: name.trim(), email: email.trim(), role }, { onSuccess: () => { setName(''); setEmail('') } })
  }
  return (
    <section className="card" aria-label="Invite somebody">
      <form className="form-row" onSubmit={submit}>
        <Field label="Name"><Input value={name} onChange={(_, d) => setName(d.value)} /></Field>
        <Field label="Email"><Input type="email" value={email} onChange={(_, d) => setEmail(d.value)} /></Field>
        <Field label="Role">
          <Select value={role} onChange={(_, d) => setRole(d.value as Role)}>
            <option value="reader">Reader</option>
            <option value="administrator">Administrator</option>
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
