import { Button, Field, Input, Text, Title2 } from '@fluentui/react-components'
import { useNavigate } from '@tanstack/react-router'
import { type FormEvent, useState } from 'react'
import { useSetupConfirm } from '../../api/queries/session'
import { CopyLine } from '../../components/CopyText'
import { ErrorBar } from '../../components/ErrorBar'
import { QrCode } from './QrCode'
import type { Enrolment } from './SetupPage'

/** Step two: the authenticator, proved by one code. */
export function EnrolForm({ enrolment, optional }: { enrolment: Enrolment; optional: boolean }) {
  const confirm = useSetupConfirm()
  const navigate = useNavigate()
  const [code, setCode] = useState('')
  const digits = code.replace(/\s/g, '')

  const finish = (proof?: string) =>
    confirm.mutate(
      { setup_session: enrolment.setup_session, code: proof },
      { onSuccess: () => void navigate({ to: '/devices', replace: true }), onError: () => setCode('') },
    )
  const submit = (event: FormEvent) => {
    event.preventDefault()
    finish(digits)
  }

  return (
    <>
      <div>
        <Text className="muted" size={200}>Step 2 of 2</Text>
        <Title2 as="h1" block>Add your authenticator</Title2>
        <Text>Scan this with an authenticator app, or type the secret into it. Then give the code that it shows.</Text>
      </div>
      <QrCode text={enrolment.totp_uri} label="QR code with the authenticator’s secret" />
      <CopyLine text={enrolment.totp_secret} label="Secret" />
      <form onSubmit={submit}>
        <Field label="Code" required hint="Six digits">
          <Input inputMode="numeric" autoComplete="one-time-code" autoFocus maxLength={7} value={code} onChange={(_, d) => setCode(d.value)} />
        </Field>
        <ErrorBar what="The code was not accepted" error={confirm.error} kept="Your account and this secret are kept." />
        <Button type="submit" appearance="primary" disabled={digits.length !== 6 || confirm.isPending}>
          {confirm.isPending ? 'Checking…' : 'Finish and sign in'}
        </Button>
        {optional && <Button disabled={confirm.isPending} onClick={() => finish()}>Go without an authenticator</Button>}
      </form>
    </>
  )
}
