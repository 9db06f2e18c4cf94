import { Button, Field, Input, Title2 } from '@fluentui/react-components'
import { useNavigate, useRouter, useSearch } from '@tanstack/react-router'
import { type FormEvent, useState } from 'react'
import { useSignIn } from '../../api/queries/session'
import { ErrorBar } from '../../components/ErrorBar'
import { useTitle } from '../../lib/hooks'

export function SignInPage() {
  useTitle('Sign in')
  const { next } = useSearch({ from: '/sign-in' })
  const navigate = useNavigate()
  const router = useRouter()
  const signIn = useSignIn()
  const [email, setEmail] = useState('')
  const [password, setPassword] = useState('')
  const [code, setCode] = useState('')

  const submit = (event: FormEvent) => {
    event.preventDefault()
    signIn.mutate(
      { email: email.trim(), password, code: code.replace(/\s/g, '') || undefined },
      {
        onSuccess: () => (next ? router.history.replace(next) : void navigate({ to: '/devices', replace: true })),
        // A code is good once; the rest is kept.
        onError: () => setCode(''),
      },
    )
  }

  return (
    <main className="form-page">
      <div className="form-card">
        <div className="brand"><img src="/favicon.svg" alt="" />Palisade</div>
        <Title2 as="h1">Sign in</Title2>
        <form onSubmit={submit}>
          <Field label="Email" required>
            <Input type="email" autoComplete="username" autoFocus value={email} onChange={(_, d) => setEmail(d.value)} />
          </Field>
          <Field label="Password" required>
            <Input type="password" autoComplete="current-password" value={password} onChange={(_, d) => setPassword(d.value)} />
          </Field>
          <Field label="Code" hint="Six digits from your authenticator. Leave empty if your account has none.">
            <Input inputMode="numeric" autoComplete="one-time-code" maxLength={7} value={code} onChange={(_, d) => setCode(d.value)} />
          </Field>
          <ErrorBar what="You were not signed in" error={signIn.error} />
          <Button type="submit" appearance="primary" disabled={!email || !password || signIn.isPending}>
            {signIn.isPending ? 'Signing in…' : 'Sign in'}
          </Button>
        </form>
      </div>
    </main>
  )
}
