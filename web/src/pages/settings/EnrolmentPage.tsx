import { Button, Table, TableBody, TableCell, TableRow } from '@fluentui/react-components'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useInstance, useSession } from '../../api/queries/session'
import { enrolmentQuery, useRemoveEnrolment } from '../../api/queries/settings'
import type { EnrolmentToken } from '../../api/types'
import { ConfirmDialog } from '../../components/ConfirmDialog'
import { HeadRow } from '../../components/HeadRow'
import { Instant } from '../../components/Instant'
import { PageHeader } from '../../components/PageHeader'
import { EmptyState, ErrorState, Loading } from '../../components/states'
import { formatCount } from '../../lib/format'
import { NewEnrolmentForm } from './NewEnrolmentForm'

/** Tokens by which new machines come in, bounded in time and number. */
export function EnrolmentPage() {
  const tokens = useQuery(enrolmentQuery)
  const instance = useInstance().data
  const admin = useSession().data?.role === 'administrator'
  const remove = useRemoveEnrolment()
  const [ending, setEnding] = useState<EnrolmentToken>()
  return (
    <div className="page">
      <div className="settings">
        <PageHeader title="Enrolment" count={tokens.data?.total}>
          A token takes new machines into this tenant. {instance && <>Sensors reach the server at <code>{instance.ingest_url}</code>.</>}
        </PageHeader>
        {admin && <NewEnrolmentForm />}
        {tokens.isPending ? (
          <Loading what="enrolment tokens" />
        ) : !tokens.data ? (
          <ErrorState what="The enrolment tokens could not be read" error={tokens.error} kept="Enrolled machines are not affected." retry={() => void tokens.refetch()} />
        ) : tokens.data.items.length === 0 ? (
          <EmptyState title="No token is open">Make one above; it comes with the command to run on the machine.</EmptyState>
        ) : (
          <div className="settings-table">
            <Table aria-label="Enrolment tokens" className="wide-table">
              <HeadRow names={['Made', 'By', 'Ends', 'Machines taken in', 'Last used']} actions />
              <TableBody>
                {tokens.data.items.map((token) => (
                  <TableRow key={token.id}>
                    <TableCell><Instant at={token.created_at} show="age" /></TableCell>
                    <TableCell className="break">{token.created_by}</TableCell>
                    <TableCell><Instant at={token.expires_at} show="age" /></TableCell>
                    <TableCell>{formatCount(token.uses)} of {formatCount(token.max_uses)}</TableCell>
                    <TableCell><Instant at={token.last_used} show="age" /></TableCell>
                    <TableCell><Button size="small" aria-label={`End the token made by ${token.created_by} at ${token.created_at}`} onClick={() => setEnding(token)}>End</Button></TableCell>
                  </TableRow>
                ))}
              </TableBody>
            </Table>
          </div>
        )}
      </div>
      <ConfirmDialog
        open={ending !== undefined}
        title="End this enrolment token?"
        confirm="End the token"
        busy={remove.isPending}
        error={remove.error}
        onClose={() => { setEnding(undefined); remove.reset() }}
        onConfirm={() => ending && remove.mutate(ending.id, { onSuccess: () => setEnding(undefined) })}
      >
        No more machines can use it. The {ending?.uses} that it took in stay enrolled.
      </ConfirmDialog>
    </div>
  )
}
