import { Button, Table, TableBody, TableCell, TableRow } from '@fluentui/react-components'
import { useQuery } from '@tanstack/react-query'
import { sessionsQuery, useRemoveSession } from '../../api/queries/settings'
import { ErrorBar } from '../../components/ErrorBar'
import { HeadRow } from '../../components/HeadRow'
import { Instant } from '../../components/Instant'
import { PageHeader } from '../../components/PageHeader'
import { ErrorState, Loading } from '../../components/states'
import { browserName } from '../../lib/format'

/** Where this account is signed in. */
export function SessionsPage() {
  const sessions = useQuery(sessionsQuery)
  const remove = useRemoveSession()
  return (
    <div className="page">
      <div className="settings">
        <PageHeader title="Sessions" count={sessions.data?.total}>Where you are signed in. End what you do not know.</PageHeader>
        <ErrorBar what="The session was not ended" error={remove.error} />
        {sessions.isPending ? (
          <Loading what="sessions" />
        ) : !sessions.data ? (
          <ErrorState what="The sessions could not be read" error={sessions.error} kept="You stay signed in." retry={() => void sessions.refetch()} />
        ) : (
          <div className="settings-table">
            <Table aria-label="Sessions" className="wide-table">
              <HeadRow names={['Browser', 'Address', 'Began', 'Last used', 'Ends']} actions />
              <TableBody>
                {sessions.data.items.map((session) => (
                  <TableRow key={session.id}>
                    <TableCell className="break" title={session.user_agent}>{browserName(session.user_agent)}</TableCell>
                    <TableCell>{session.ip_address}</TableCell>
                    <TableCell><Instant at={session.created_at} show="age" /></TableCell>
                    <TableCell><Instant at={session.last_seen} show="age" /></TableCell>
                    <TableCell><Instant at={session.expires_at} show="age" /></TableCell>
                    <TableCell>
                      {session.current ? (
                        <span className="muted">This one</span>
                      ) : (
                        <Button
                          size="small"
                          aria-label={`End the session from ${session.ip_address} that began at ${session.created_at}`}
                          disabled={remove.isPending}
                          onClick={() => remove.mutate(session.id)}
                        >
                          End
                        </Button>
                      )}
                    </TableCell>
                  </TableRow>
                ))}
              </TableBody>
            </Table>
          </div>
        )}
      </div>
    </div>
  )
}
