import { Button } from '@fluentui/react-components'
import { CheckmarkCircleFilled, ErrorCircleFilled, DismissCircleRegular } from '@fluentui/react-icons'
import { useInfiniteQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { historyQuery, useForgetHistory } from '../../../api/queries/huntingHistory'
import type { HuntingHistoryItem } from '../../../api/types'
import { ConfirmDialog } from '../../../components/ConfirmDialog'
import { Instant } from '../../../components/Instant'
import { ListError } from '../../../components/ListError'
import { ErrorState, Loading } from '../../../components/states'
import { counted } from '../../../lib/format'
import { formatMillis } from '../../../lib/time'

/** What the reader ran, on whichever browser; nobody else sees it here. */
export function RecentShelf({ onPick }: { onPick: (query: string) => void }) {
  const history = useInfiniteQuery(historyQuery)
  const forget = useForgetHistory()
  const [asking, setAsking] = useState(false)
  if (history.isPending) return <Loading what="what you ran" />
  if (!history.data) return <ErrorState what="What you ran could not be read" error={history.error} retry={() => void history.refetch()} />
  const items = history.data.pages.flatMap((page) => page.items)
  return (
    <div className="schema">
      {items.length === 0 && <p className="muted small">Queries that you run are listed here, for you alone.</p>}
      <ul className="picks" aria-label="Recent queries">
        {items.map((one) => (
          <li key={one.id}>
            <button type="button" className="pick" onClick={() => onPick(one.query)} title={one.query}>
              <span className="mono recent-text">{one.query}</span>
              <span className="muted small row wrap"><Outcome one={one} /><Instant at={one.ran_at} show="age" /></span>
            </button>
          </li>
        ))}
      </ul>
      <ListError list={history} what="queries" />
      {history.hasNextPage && <Button size="small" disabled={history.isFetchingNextPage} onClick={() => void history.fetchNextPage()}>Show older</Button>}
      {items.length > 0 && <Button size="small" appearance="subtle" onClick={() => setAsking(true)}>Forget all</Button>}
      <ConfirmDialog
        open={asking}
        title="Forget what you ran?"
        confirm="Forget all"
        busy={forget.isPending}
        error={forget.error}
        onClose={() => { setAsking(false); forget.reset() }}
        onConfirm={() => forget.mutate(undefined, { onSuccess: () => setAsking(false) })}
      >
        Your list of recent queries becomes empty. Saved queries stay, and so does what the audit log says.
      </ConfirmDialog>
    </div>
  )
}

function Outcome({ one }: { one: HuntingHistoryItem }) {
  if (one.state === 'cancelled') return <span className="row"><DismissCircleRegular aria-hidden />cancelled</span>
  if (one.state === 'failed') return <span className="row"><ErrorCircleFilled aria-hidden className="bad" />{one.code ?? 'failed'}</span>
  const rows = one.rows === null || one.rows === undefined ? '' : `${counted(one.rows, 'row')}${one.truncated ? ' and more' : ''}`
  const took = one.wall_ms === null || one.wall_ms === undefined ? '' : formatMillis(one.wall_ms)
  return <span className="row"><CheckmarkCircleFilled aria-hidden className="good-icon" />{[rows, took].filter(Boolean).join(' in ')}</span>
}
