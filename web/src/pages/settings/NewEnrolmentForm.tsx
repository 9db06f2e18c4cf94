import { Button, Field, Input, Select } from '@fluentui/react-components'
import { type FormEvent, useState } from 'react'
import { useInstance } from '../../api/queries/session'
import { useAddEnrolment } from '../../api/queries/settings'
import { CopyLine } from '../../components/CopyText'
import { ErrorBar } from '../../components/ErrorBar'
import { SecretOnce } from '../../components/SecretOnce'

const LIVES: [number, string][] = [[1, '1 hour'], [24, '1 day'], [168, '7 days'], [720, '30 days']]
const MOST = 100_000

/** Makes a token and shows the command to run on the machine. */
export function NewEnrolmentForm() {
  const add = useAddEnrolment()
  const instance = useInstance().data
  const [hours, setHours] = useState(24)
  const [uses, setUses] = useState('10')
  const count = Number(uses)
  const fine = Number.isInteger(count) && count >= 1 && count <= MOST
  const submit = (event: FormEvent) => {
    event.preventDefault()
    add.mutate({ expires_in_hours: hours, max_uses: count })
  }
  const made = add.data
  const command = made && (made.command ?? `palisade-sensor enrol --server ${instance?.ingest_url ?? '<server>'} --token ${made.token}`)
  return (
    <section className="card" aria-label="Make an enrolment token">
      <form className="form-row" onSubmit={submit}>
        <Field label="Ends after">
          <Select value={String(hours)} onChange={(_, d) => setHours(Number(d.value))}>
            {LIVES.map(([life, label]) => <option key={life} value={life}>{label}</option>)}
          </Select>
        </Field>
        <Field label="Machines" validationState={fine ? 'none' : 'error'} validationMessage={fine ? undefined : `1 to ${MOST}`}>
          <Input inputMode="numeric" value={uses} onChange={(_, d) => setUses(d.value)} />
        </Field>
        <Button type="submit" appearance="primary" disabled={!fine || add.isPending}>Make a token</Button>
      </form>
      <ErrorBar what="No token was made" error={add.error} />
      {made && command && (
        <>
          <SecretOnce title="The enrolment token" text={made.token} label="Enrolment token" expires={made.expires_at} onDone={add.reset}>
            It takes in up to {made.max_uses} {made.max_uses === 1 ? 'machine' : 'machines'}.
          </SecretOnce>
          <p>Run this as root on each machine:</p>
          <CopyLine text={command} label="Command" />
          {command.includes('--ca ') && (
            <p className="muted small">
              <code>ca.pem</code> is the server’s own certificate authority, by which the sensor knows it: copy it from <code>secrets/ca.pem</code> in
              the server’s data folder first.
            </p>
          )}
        </>
      )}
    </section>
  )
}
