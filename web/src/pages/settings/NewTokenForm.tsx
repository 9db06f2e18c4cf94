import { Button, Field, Input, Select } from '@fluentui/react-components'
import { type FormEvent, useState } from 'react'
import { useSession } from '../../api/queries/session'
import { useAddToken } from '../../api/queries/settings'
import type { Role } from '../../api/types'
import { ErrorBar } from '../../components/ErrorBar'
import { SecretOnce } from '../../components/SecretOnce'

const LIVES = [7, 30, 90, 365]

export function NewTokenForm() {
  const admin = useSession().data?.role === 'administrator'
  const add = useAddToken()
  const [name, setName] = useState('')
  const [role, setRole] = useState<Role>('reader')
  const [days, setDays] = useState(30)
  const submit = (event: FormEvent) => {
    event.preventDefault()
    add.mutate({ name: name.trim(), role, expires_in_days: days }, { onSuccess: () => setName('') })
  }
  return (
    <section className="card" aria-label="Make a token">
      <form className="form-row" onSubmit={submit}>
        <Field label="Name"><Input value={name} onChange={(_, d) => setName(d.value)} /></Field>
        <Field label="Role">
          <Select value={role} onChange={(_, d) => setRole(d.value as Role)}>
            <option value="reader">Reader</option>
            {admin && <option value="administrator">Administrator</option>}
          </Select>
        </Field>
        <Field label="Ends after">
          <Select value={String(days)} onChange={(_, d) => setDays(Number(d.value))}>
            {LIVES.map((life) => <option key={life} value={life}>{life} days</option>)}
          </Select>
        </Field>
        <Button type="submit" appearance="primary" disabled={!name.trim() || add.isPending}>Make a token</Button>
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
