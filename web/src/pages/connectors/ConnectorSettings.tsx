import { Button } from '@fluentui/react-components'
import { type FormEvent, useState } from 'react'
import { useChangeConnector } from '../../api/queries/connectors'
import { useMay } from '../../api/queries/session'
import type { Connector } from '../../api/types'
import { ErrorBar } from '../../components/ErrorBar'
import { Instant } from '../../components/Instant'
import { AwsFields } from './AwsFields'
import { awsDraft, awsReady, sshDraft, sshReady } from './settings'
import { SshFields } from './SshFields'
import { kindName } from './words'

/** The settings of a connector, and another credential; saving lists anew. */
export function ConnectorSettings({ connector: c }: { connector: Connector }) {
  const may = useMay('estate.manage') && c.state !== 'revoked'
  const settings = (c.settings ?? {}) as Record<string, unknown>
  const [ssh, setSsh] = useState(() => sshDraft(settings))
  const [aws, setAws] = useState(() => awsDraft(settings))
  const save = useChangeConnector()
  const about = (
    <p className="muted">
      {kindName(c.kind)} connector, made <Instant at={c.created_at} />. {c.has_credential ? 'It has a credential, which is never shown.' : 'It has no credential of its own.'}
    </p>
  )
  if (!may || (c.kind !== 'ssh' && c.kind !== 'aws')) {
    return (
      <>
        {about}
        <pre className="code-block" tabIndex={0} aria-label="Settings">{JSON.stringify(settings, null, 2)}</pre>
      </>
    )
  }
  const ready = c.kind === 'ssh' ? sshReady(ssh, c.has_credential) : awsReady(aws, c.has_credential)
  const undo = () => { setSsh(sshDraft(settings)); setAws(awsDraft(settings)); save.reset() }
  const submit = (event: FormEvent) => {
    event.preventDefault()
    if (!ready) return
    // A secret does not stay in the page.
    save.mutate({ id: c.id, ...ready }, { onSuccess: () => { setSsh({ ...ssh, privateKey: '' }); setAws({ ...aws, accessKey: '', secretKey: '', sessionToken: '' }) } })
  }
  return (
    <form className="form-column" onSubmit={submit} aria-label="Settings">
      {about}
      {c.kind === 'ssh' ? <SshFields draft={ssh} onChange={setSsh} kept={c.has_credential} /> : <AwsFields draft={aws} onChange={setAws} kept={c.has_credential} />}
      <ErrorBar what="The settings were not saved" error={save.error} kept="What you entered is kept here; the connector goes on with those before." />
      {save.isSuccess && <p role="status">Saved. Its machines are listed anew.</p>}
      <div className="row">
        <Button type="submit" appearance="primary" disabled={!ready || save.isPending}>Save and list anew</Button>
        <Button onClick={undo}>Undo</Button>
      </div>
    </form>
  )
}
