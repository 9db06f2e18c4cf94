import { Button } from '@fluentui/react-components'
import { useAddSetupLink, useRemoveSetupLink } from '../../api/queries/settings'
import type { User } from '../../api/types'
import { ErrorBar } from '../../components/ErrorBar'
import { Instant } from '../../components/Instant'
import { SecretOnce } from '../../components/SecretOnce'

/** The one-time link by which an account is set up, or set up anew. */
export function PersonLink({ user }: { user: User }) {
  const add = useAddSetupLink()
  const remove = useRemoveSetupLink()
  const invited = user.state === 'invited'
  return (
    <section className="card" aria-label="Set-up link">
      <h3 className="card-title">Set-up link</h3>
      <p className="muted">
        {user.setup_link_expires_at ? (
          <>A link that was not used ends <Instant at={user.setup_link_expires_at} show="age" />.</>
        ) : (
          'No link is open.'
        )}{' '}
        {!invited && 'With a new one they set a new password and authenticator; until it is used, nothing changes.'}
      </p>
      <div className="row wrap">
        <Button size="small" disabled={add.isPending || user.state === 'disabled'} onClick={() => add.mutate(user.id)}>Make a new link</Button>
        {user.setup_link_expires_at && (
          <Button size="small" disabled={remove.isPending} onClick={() => remove.mutate(user.id, { onSuccess: add.reset })}>
            {invited ? 'Revoke the invitation' : 'End the link'}
          </Button>
        )}
      </div>
      <ErrorBar what="The link was not changed" error={add.error ?? remove.error} />
      {add.data && (
        <SecretOnce title={`Give this link to ${user.name}`} text={add.data.setup_url} label="Set-up link" expires={add.data.expires_at} onDone={add.reset}>
          It works once. Send it on a way that only they read.
        </SecretOnce>
      )}
    </section>
  )
}
