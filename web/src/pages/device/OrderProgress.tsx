import { Spinner } from '@fluentui/react-components'
import { CheckmarkCircleRegular, CircleRegular, DismissCircleRegular } from '@fluentui/react-icons'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { type ReactNode, useEffect } from 'react'
import { isDone, orderQuery } from '../../api/queries/orders'
import type { Order } from '../../api/types'
import { ErrorBar } from '../../components/ErrorBar'
import { Instant } from '../../components/Instant'
import { useDelayed } from '../../lib/hooks'
import { formatMillis } from '../../lib/time'
import { Receipt } from './Receipt'

/** Queued, delivered, receipt; ends with proof, a failure, or the order's expiry. */
export function OrderProgress({ initial }: { initial: Order }) {
  const query = useQuery({ ...orderQuery(initial.id), initialData: initial })
  const order = query.data
  const done = isDone(order)
  const long = useDelayed(!done, 15_000)
  const client = useQueryClient()
  useEffect(() => {
    if (done) void client.invalidateQueries({ queryKey: ['orders', order.device_id] })
  }, [done, client, order.device_id])
  const delivered = Boolean(order.delivered_at)

  return (
    <div className="stack" aria-live="polite">
      <ol className="steps">
        <Step state="done">Queued <Instant at={order.created_at} millis /></Step>
        <Step state={delivered ? 'done' : done ? 'failed' : 'now'}>
          {delivered ? <>Delivered <Instant at={order.delivered_at} millis /></> : done ? 'Not delivered' : 'Waiting for the sensor'}
        </Step>
        <Step state={order.state === 'succeeded' ? 'done' : done ? 'failed' : delivered ? 'now' : 'todo'}>
          {order.state === 'succeeded' ? (
            <b>
              Receipt received{order.round_trip_ms !== null && order.round_trip_ms !== undefined && <> after {formatMillis(order.round_trip_ms)}</>}
            </b>
          ) : order.state === 'failed' ? (
            <b>The sensor answered that it failed</b>
          ) : order.state === 'expired' ? (
            <b>Expired without an answer; the sensor will refuse it from now on</b>
          ) : (
            'Receipt'
          )}
        </Step>
      </ol>
      {long && (
        <p className="muted">
          The machine has not answered yet. You may close this: the order stays under Orders and ends with a receipt, or expires{' '}
          <Instant at={order.expires_at} show="age" />.
        </p>
      )}
      <ErrorBar what="The order’s state could not be read" error={query.error} kept="The order itself is not affected." />
      {done && <Receipt receipt={order.receipt} />}
    </div>
  )
}

const ICONS: Record<string, ReactNode> = {
  done: <CheckmarkCircleRegular className="state good" aria-label="done" />,
  failed: <DismissCircleRegular className="bad" aria-label="failed" />,
  now: <Spinner size="extra-tiny" aria-label="in progress" />,
  todo: <CircleRegular aria-label="to come" />,
}

function Step({ state, children }: { state: 'done' | 'failed' | 'now' | 'todo'; children: ReactNode }) {
  return (
    <li className={state === 'todo' ? 'todo' : undefined}>
      {ICONS[state]}
      <span>{children}</span>
    </li>
  )
}
