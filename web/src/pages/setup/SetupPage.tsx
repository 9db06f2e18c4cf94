import { useQuery } from '@tanstack/react-query'
import { Link, useSearch } from '@tanstack/react-router'
import { useState } from 'react'
import { setupQuery } from '../../api/queries/session'
import { EmptyState, ErrorState, Loading } from '../../components/states'
import { useTitle } from '../../lib/hooks'
import { AccountForm } from './AccountForm'
import { EnrolForm } from './EnrolForm'

/** The secret of a new authenticator, kept only while the page is open. */
export interface Enrolment {
  totp_secret: string
  totp_uri: string
  setup_session: string
}

/** The one-time link: name and password, then the authenticator, then signed in. */
export function SetupPage() {
  useTitle('Set up')
  const { token } = useSearch({ from: '/setup' })
  const link = useQuery({ ...setupQuery(token ?? ''), enabled: token !== undefined })
  const [enrolment, setEnrolment] = useState<Enrolment>()

  return (
    <main className="form-page">
      <div className="form-card">
        <div className="brand"><img src="/favicon.svg" alt="" />Palisade</div>
        {!token || link.data?.valid === false ? (
          <EmptyState title="This set-up link cannot be used" action={<Link className="link" to="/sign-in">Sign in</Link>}>
            <p>A link works once and for a limited time.</p>
            <p>An administrator makes a new one under Settings, People. On the server’s host, <code>palisade setup-link</code> prints one.</p>
          </EmptyState>
        ) : link.isError ? (
          <ErrorState what="The set-up link could not be checked" error={link.error} kept="The link was not used up." retry={() => void link.refetch()} />
        ) : !link.data ? (
          <Loading what="the set-up link" />
        ) : enrolment ? (
          <EnrolForm enrolment={enrolment} optional={link.data.role === 'reader'} />
        ) : (
          <AccountForm token={token} link={link.data} onDone={setEnrolment} />
        )}
      </div>
    </main>
  )
}
