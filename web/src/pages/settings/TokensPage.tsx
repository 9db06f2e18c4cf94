import { Button, Table, TableBody, TableCell, TableRow } from '@fluentui/react-components'
import { KeyRegular } from '@fluentui/react-icons'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useGroupNames } from '../../api/queries/groups'
import { tokensQuery, useRemoveToken } from '../../api/queries/settings'
import type { ApiToken } from '../../api/types'
import { ConfirmDialog } from '../../components/ConfirmDialog'
import { HeadRow } from '../../components/HeadRow'
import { Instant } from '../../components/Instant'
import { PageHeader } from '../../components/PageHeader'
import { EmptyState, ErrorState, Loading } from '../../components/states'
import { humanise } from '../../lib/format'
import { NewTokenForm } from './NewTokenForm'

/** The reader's own API tokens. */
export function TokensPage() {
  const tokens = useQuery(tokensQuery)
  const nameOf = useGroupNames()
  const remove = useRemoveToken()
  const [ending, setEnding] = useState<ApiToken>()
  return (
    <div className="page">
      <div className="settings">
        <PageHeader title="API tokens" count={tokens.data?.total}>
          For programs that act for you: send <code>Authorization: Bearer …</code>
        </PageHeader>
        <NewTokenForm />
        {tokens.isPending ? (
          <Loading what="tokens" />
        ) : !tokens.data ? (
          <ErrorState what="The tokens could not be read" error={tokens.error} kept="The tokens go on working." retry={() => void tokens.refetch()} />
        ) : tokens.data.items.length === 0 ? (
          <EmptyState icon={<KeyRegular />} title="You have no token">Name one above and give it the least role that does.</EmptyState>
        ) : (
          <div className="settings-table">
            <Table aria-label="API tokens" className="wide-table">
              <HeadRow names={['Name', 'Role', 'May', 'Sees', 'Made', 'Ends', 'Last used']} actions />
              <TableBody>
                {tokens.data.items.map((token) => (
                  <TableRow key={token.id}>
                    <TableCell className="break">{token.name}</TableCell>
                    <TableCell>{humanise(token.role)}</TableCell>
                    <TableCell className="break small">{token.permissions?.join(', ') ?? 'All of it'}</TableCell>
                    <TableCell className="break">{token.device_groups ? token.device_groups.map(nameOf).join(', ') : 'What you see'}</TableCell>
                    <TableCell><Instant at={token.created_at} show="age" /></TableCell>
                    <TableCell><Instant at={token.expires_at} show="age" /></TableCell>
                    <TableCell><Instant at={token.last_used} show="age" /></TableCell>
                    <TableCell><Button size="small" aria-label={`End ${token.name}`} onClick={() => setEnding(token)}>End</Button></TableCell>
                  </TableRow>
                ))}
              </TableBody>
            </Table>
          </div>
        )}
      </div>
      <ConfirmDialog
        open={ending !== undefined}
        title={`End the token ${ending?.name}?`}
        confirm="End the token"
        busy={remove.isPending}
        error={remove.error}
        onClose={() => { setEnding(undefined); remove.reset() }}
        onConfirm={() => ending && remove.mutate(ending.id, { onSuccess: () => setEnding(undefined) })}
      >
        Programs that use it are refused at once. It cannot be brought back.
      </ConfirmDialog>
    </div>
  )
}
