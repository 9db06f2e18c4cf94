import { Button, Field, Input } from '@fluentui/react-components'
import { useNavigate } from '@tanstack/react-router'
import { type FormEvent, useState } from 'react'
import { useAddConnector } from '../../api/queries/connectors'
import { ErrorBar } from '../../components/ErrorBar'
import { AwsFields } from './AwsFields'
import { awsReady, newAws, newSsh, sshReady } from './settings'
import { SshFields } from './SshFields'
import { KINDS } from './words'

/** A connector that lists and reaches machines. */
export function NewConnectorForm({ kind, subscription }: { kind: 'ssh' | 'aws'; subscription: string }) {
  const add = useAddConnector()
  const navigate = useNavigate()
  const [name, setName] = useState('')
  const [ssh, setSsh] = useState(newSsh)
  const [aws, setAws] = useState(newAws)
  const ready = kind === 'ssh' ? sshReady(ssh, false) : awsReady(aws, false)
  const submit = (event: FormEvent) => {
    event.preventDefault()
    if (!ready) return
    add.mutate(
      { subscription_id: subscription, kind, name: name.trim(), ...ready },
      { onSuccess: (made) => void navigate({ to: '/connectors/$connectorId', params: { connectorId: made.id } }) },
    )
  }
  return (
    <form className="form-column" onSubmit={submit} aria-label={`New ${KINDS[kind].name} connector`}>
      <Field label="Name" required><Input value={name} maxLength={200} onChange={(_, d) => setName(d.value)} /></Field>
      {kind === 'ssh' ? <SshFields draft={ssh} onChange={setSsh} kept={false} /> : <AwsFields draft={aws} onChange={setAws} kept={false} />}
      <p className="muted">Its machines are listed and looked at first. Nothing is changed on any of them before you have seen the dry run and begun the roll-out.</p>
      <ErrorBar what="The connector was not made" error={add.error} kept="What you entered is kept." />
      <div className="row">
        <Button type="submit" appearance="primary" disabled={!name.trim() || !ready || add.isPending}>Connect</Button>
      </div>
    </form>
  )
}
