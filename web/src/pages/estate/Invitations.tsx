import { Button, Table, TableBody, TableCell, TableRow } from '@fluentui/react-components'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { enrolmentQuery, useRemoveEnrolment } from '../../api/queries/settings'
import type { EnrolmentToken } from '../../api/types'
import { ConfirmDialog } from '../../components/ConfirmDialog'
import { ErrorBar } from '../../components/ErrorBar'
import { HeadRow } from '../../components/HeadRow'
import { Instant } from '../../components/Instant'
import { formatCount } from '../../lib/format'
import { useNow } from '../../lib/hooks'
import { parseInstant } from '../../lib/time'

/** Invitations of a subscription that still take machines in. */
export function Invitations({ subscription, designated }: { subscription: string; designated: boolean }) {
  const tokens = useQuery(enrolmentQuery)
  const remove = useRemoveEnrolment()
  const [ending, setEnding] = useState<EnrolmentToken>()
  const now = useNow()
  const belongs = (t: EnrolmentToken) => t.subscription_id === subscription || (designated && !t.subscription_id)
  const open = (t: EnrolmentToken) => t.uses < t.max_uses && (parseInstant(t.expires_at)?.getTime() ?? 0) > now.getTime()
  // What the product itself makes for one machine is none of a person's.
  const shown = tokens.data?.items.filter((t) => !t.machine_id && belongs(t) && open(t)) ?? []
  return (
    <section className="stack" aria-label="Direct onboarding">
      <h2 className="card-title">Direct onboarding</h2>
      <ErrorBar what="The invitations could not be read" error={tokens.error} kept="They hold as they are." retry={() => void tokens.refetch()} />
      {tokens.data && shown.length === 0 && <p className="muted">No invitation is open. “Connect machines” makes one: a script, user data for cloud-init, or one for the packages.</p>}
      {shown.length > 0 && (
        <div className="settings-table" tabIndex={0}>
          <Table aria-label="Invitations" className="wide-table">
            <HeadRow names={['Made', 'By', 'Ends', 'Machines taken in', 'Last used']} actions />
            <TableBody>
              {shown.map((t) => (
                <TableRow key={t.id}>
                  <TableCell><Instant at={t.created_at} show="age" /></TableCell>
                  <TableCell className="break">{t.created_by}</TableCell>
                  <TableCell><Instant at={t.expires_at} show="age" /></TableCell>
                  <TableCell className="nums">{formatCount(t.uses)} of {formatCount(t.max_uses)}</TableCell>
                  <TableCell><Instant at={t.last_used} show="age" /></TableCell>
                  <TableCell><Button size="small" aria-label={`End the invitation of ${t.created_at}`} onClick={() => setEnding(t)}>End</Button></TableCell>
                </TableRow>
              ))}
            </TableBody>
          </Table>
        </div>
      )}
      <ConfirmDialog
        open={ending !== undefined}
        title="End this invitation?"
        confirm="End it"
        busy={remove.isPending}
        error={remove.error}
        onClose={() => { setEnding(undefined); remove.reset() }}
        onConfirm={() => ending && remove.mutate(ending.id, { onSuccess: () => setEnding(undefined) })}
      >
        Scripts, user data and packages with its token take no more machines in. The {formatCount(ending?.uses ?? 0)} that came by it stay.
      </ConfirmDialog>
    </section>
  )
}
