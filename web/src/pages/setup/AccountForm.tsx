import { Button, Field, Input, Text, Title2 } from '@fluentui/react-components'
import { type FormEvent, useState } from 'react'
import { useSetup } from '../../api/queries/session'
import { ErrorBar } from '../../components/ErrorBar'
import type { Enrolment } from './SetupPage'

const SHORTEST = 12

/** Step one: who you are and a password; an invitation has the address already. */
interface Props {
  token: string
  link: { tenant_name: string; email?: string | null; name?: string | null }
  onDone: (enrolment: Enrolment) => void
}

export function AccountForm({ token, link, onDone }: Props) {
  const setup = useSetup()
  const [name, setName] = useState(link.name ?? '')
  const [email, setEmail] = useState(link.email ?? '')
  const [password, setPassword] = useState('')
  const [again, setAgain] = useState('')
  const short = password !== '' && password.length < SHORTEST
  const differs = again !== '' && again !== password
  const ready = name.trim() && email.trim() && password.length >= SHORTEST && again === password

  const submit = (event: FormEvent) => {
    event.preventDefault()
    if (ready) setup.mutate({ token, email: email.trim(), name: name.trim(), password }, { onSuccess: onDone })
  }

  return (
    <>
      <div>
        <Text className="muted" size={200}>Step 1 of 2</Text>
        <Title2 as="h1" block>Set up your account</Title2>
        <Text>You become a member of <b>{link.tenant_name}</b>.</Text>
      </div>
      <form onSubmit={submit}>
        <Field label="Name" required>
          <Input autoComplete="name" autoFocus value={name} onChange={(_, d) => setName(d.value)} />
        </Field>
        <Field label="Email" required>
          <Input type="email" autoComplete="username" readOnly={Boolean(link.email)} value={email} onChange={(_, d) => setEmail(d.value)} />
        </Field>
        <Field
          label="Password"
          required
          hint={`At least ${SHORTEST} characters; a sentence is fine.`}
          validationState={short ? 'error' : 'none'}
          validationMessage={short ? `${SHORTEST - password.length} more to go` : undefined}
        >
          <Input type="password" autoComplete="new-password" value={password} onChange={(_, d) => setPassword(d.value)} />
        </Field>
        <Field
          label="Password again"
          required
          validationState={differs ? 'error' : 'none'}
          validationMessage={differs ? 'The two differ' : undefined}
        >
          <Input type="password" autoComplete="new-password" value={again} onChange={(_, d) => setAgain(d.value)} />
        </Field>
        <ErrorBar what="The account was not made" error={setup.error} />
        <Button type="submit" appearance="primary" disabled={!ready || setup.isPending}>
          {setup.isPending ? 'Making the account…' : 'Next: authenticator'}
        </Button>
      </form>
    </>
  )
}
