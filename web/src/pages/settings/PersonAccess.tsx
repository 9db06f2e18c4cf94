import { Button } from '@fluentui/react-components'
import { useQuery } from '@tanstack/react-query'
import { useRemoveUserSession, useRemoveUserSessions, useRemoveUserToken, userSessionsQuery, userTokensQuery } from '../../api/queries/settings'
import type { User } from '../../api/types'
import { ErrorBar } from '../../components/ErrorBar'
import { Instant } from '../../components/Instant'
import { Loading } from '../../components/states'
import { browserName, humanise } from '../../lib/format'

/** Where somebody is signed in, and the tokens that act for them; each can be ended. */
export function PersonAccess({ user }: { user: User }) {
  const sessions = useQuery(userSessionsQuery(user.id))
  const tokens = useQuery(userTokensQuery(user.id))
  const endSession = useRemoveUserSession()
  const endSessions = useRemoveUserSessions()
  const endToken = useRemoveUserToken()
  const open = sessions.data?.items ?? []
  return (
    <>
      <section className="card" aria-label="Sessions">
        <div className="row between">
          <h3 className="card-title">Sessions <span className="count nums">{sessions.data?.total}</span></h3>
          {open.length > 1 && <Button size="small" disabled={endSessions.isPending} onClick={() => endSessions.mutate(user.id)}>End all</Button>}
        </div>
        <ErrorBar what="The sessions could not be read or ended" error={sessions.error ?? endSession.error ?? endSessions.error} />
        {sessions.isPending && <Loading what="sessions" rows={2} />}
        {sessions.data && open.length === 0 && <p className="muted">Not signed in anywhere.</p>}
        <ul className="plain-list">
          {open.map((session) => (
            <li key={session.id}>
              <span className="break">
                {browserName(session.user_agent)} <span className="muted">from {session.ip_address || 'an unknown address'}, used <Instant at={session.last_seen} show="age" /></span>
              </span>
              {session.current ? (
                <span className="muted">This one</span>
              ) : (
                <Button size="small" aria-label={`End the session that began at ${session.created_at}`} disabled={endSession.isPending} onClick={() => endSession.mutate({ id: user.id, session: session.id })}>End</Button>
              )}
            </li>
          ))}
        </ul>
      </section>
      <section className="card" aria-label="API tokens">
        <h3 className="card-title">API tokens <span className="count nums">{tokens.data?.total}</span></h3>
        <ErrorBar what="The tokens could not be read or ended" error={tokens.error ?? endToken.error} />
        {tokens.isPending && <Loading what="tokens" rows={2} />}
        {tokens.data?.items.length === 0 && <p className="muted">No token acts for them.</p>}
        <ul className="plain-list">
          {tokens.data?.items.map((token) => (
            <li key={token.id}>
              <span className="break">
                {token.name} <span className="muted">{humanise(token.role)}, last used <Instant at={token.last_used} show="age" /></span>
              </span>
              <Button size="small" aria-label={`End the token ${token.name}`} disabled={endToken.isPending} onClick={() => endToken.mutate({ id: user.id, token: token.id })}>End</Button>
            </li>
          ))}
        </ul>
      </section>
    </>
  )
}
