import { Button, Field, Select, Table, TableBody, TableCell, TableRow } from '@fluentui/react-components'
import { ArrowDownloadRegular, DismissRegular, ReceiptMoneyRegular } from '@fluentui/react-icons'
import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { Link, useNavigate, useSearch } from '@tanstack/react-router'
import { useSession } from '../../api/queries/session'
import { subscriptionsQuery, usageCsv, usageQuery, type UsageAsked } from '../../api/queries/usage'
import type { UsageRow } from '../../api/types'
import { HeadRow } from '../../components/HeadRow'
import { ListError } from '../../components/ListError'
import { PageHeader } from '../../components/PageHeader'
import { EmptyState, ErrorState, Loading, Refreshing } from '../../components/states'
import { formatCount } from '../../lib/format'
import { money } from '../../lib/money'
import { addMonths, monthName, monthOf, monthsBack } from '../../lib/months'
import { USAGE_BY, type UsageSearch } from '../../lib/search'
import { formatUtc } from '../../lib/time'
import { PLAN_NAMES } from '../subscriptions/planText'
import { Prices } from './Prices'
import './usage.css'

const BY_NAMES = { subscription: 'Subscription', owner: 'Owner', plan: 'Plan', machine: 'Machine', hour: 'Hour' } as const

/** Machine-hours of a month, added up by one thing, and what they cost. Each number opens the rows that make it. */
export function UsagePage() {
  const search = useSearch({ from: '/inside/usage' })
  const navigate = useNavigate({ from: '/usage' })
  const admin = useSession().data?.role === 'administrator'
  const month = search.month ?? monthOf(new Date())
  const by = search.by ?? 'subscription'
  const asked: UsageAsked = {
    from: month,
    to: addMonths(month, 1),
    by,
    subscription: search.subscription,
    owner: search.owner,
    plan: search.plan,
    machine: search.machine,
  }
  const usage = useInfiniteQuery(usageQuery(asked))
  const rows = usage.data?.pages.flatMap((page) => page.items) ?? []
  const first = usage.data?.pages[0]
  const go = (change: Partial<UsageSearch>) => void navigate({ search: (old) => ({ ...old, ...change }) })
  return (
    <div className="page">
      <div className="settings usage">
        <PageHeader
          title="Usage"
          actions={
            <Button as="a" href={usageCsv(asked)} download icon={<ArrowDownloadRegular />}>CSV</Button>
          }
        >
          Machine-hours of the UTC clock: an hour counts once it was begun. The running hour is up to five minutes old.
        </PageHeader>
        <div className="form-row">
          <Field label="Month">
            <Select value={month} onChange={(_, d) => go({ month: d.value })}>
              {monthsBack(new Date(), 13, month).map((m) => <option key={m} value={m}>{monthName(m)}</option>)}
            </Select>
          </Field>
          <Field label="By">
            <Select value={by} onChange={(_, d) => go({ by: USAGE_BY.find((b) => b === d.value) })}>
              {USAGE_BY.filter((b) => b !== 'hour' || search.machine !== undefined).map((b) => <option key={b} value={b}>{BY_NAMES[b]}</option>)}
            </Select>
          </Field>
          <Chips search={search} clear={(name) => go({ [name]: undefined, by: by === 'hour' ? 'machine' : by })} />
        </div>
        <Refreshing active={usage.isFetching && !usage.isPending} what="usage" />
        <ListError list={usage} what="rows" />
        {usage.isPending ? (
          <Loading what="usage" />
        ) : !first ? (
          <ErrorState what="Usage could not be read" error={usage.error} kept="Metering goes on." retry={() => void usage.refetch()} />
        ) : rows.length === 0 ? (
          <EmptyState icon={<ReceiptMoneyRegular />} title={`Nothing was metered in ${monthName(month)}`}>
            A machine is metered while it runs, or is heard, under a plan. Plans are switched on at{' '}
            <Link to="/estate" className="link">Environment settings</Link>.
          </EmptyState>
        ) : (
          <div className="settings-table">
            <Table aria-label="Usage" className="wide-table">
              <HeadRow names={[BY_NAMES[by], 'Machines', 'Machine-hours', 'Free', 'Without a price', 'Cost']} />
              <TableBody>
                {rows.map((row) => <Line key={keyOf(row)} row={row} by={by} search={search} />)}
                <TableRow className="total">
                  <TableCell>All</TableCell>
                  <Numbers row={first.totals} />
                </TableRow>
              </TableBody>
            </Table>
          </div>
        )}
        {usage.hasNextPage && (
          <Button disabled={usage.isFetchingNextPage} onClick={() => void usage.fetchNextPage()}>
            Show more of {formatCount(first?.total ?? 0)} rows
          </Button>
        )}
        <Prices admin={admin} />
      </div>
    </div>
  )
}

const keyOf = (row: UsageRow) => [row.subscription?.id, row.owner, row.plan, row.machine?.id, row.hour].join('|')

function Numbers({ row }: { row: UsageRow }) {
  return (
    <>
      <TableCell className="nums">{formatCount(row.machines)}</TableCell>
      <TableCell className="nums">{formatCount(row.hours)}</TableCell>
      <TableCell className="nums">{formatCount(row.trial_hours)}</TableCell>
      <TableCell className="nums">{formatCount(row.unpriced_hours)}</TableCell>
      <TableCell className="nums">{money(row.costs)}</TableCell>
    </>
  )
}

/** A row; its name opens what it is made of. */
function Line({ row, by, search }: { row: UsageRow; by: keyof typeof BY_NAMES; search: UsageSearch }) {
  return (
    <TableRow>
      <TableCell className="break">
        {by === 'hour' ? (
          <time dateTime={row.hour ?? undefined}>{formatUtc(row.hour ?? '')}</time>
        ) : (
          <Link to="/usage" search={{ ...search, ...inside(row, by) }} className="link">{nameOf(row, by)}</Link>
        )}
      </TableCell>
      <Numbers row={row} />
    </TableRow>
  )
}

function nameOf(row: UsageRow, by: keyof typeof BY_NAMES): string {
  switch (by) {
    case 'subscription':
      return row.subscription?.name || row.subscription?.id || ''
    case 'machine':
      return row.machine?.name || row.machine?.id || ''
    case 'plan':
      return PLAN_NAMES[row.plan ?? ''] ?? row.plan ?? ''
    default:
      return row.owner || 'No owner'
  }
}

/** The search of what a row is made of: its machines, and of a machine its hours. */
function inside(row: UsageRow, by: keyof typeof BY_NAMES): Partial<UsageSearch> {
  switch (by) {
    case 'subscription':
      return { by: 'machine', subscription: row.subscription?.id }
    case 'owner':
      return { by: 'machine', owner: row.owner ?? '' }
    case 'plan':
      return { by: 'machine', plan: row.plan ?? undefined }
    default:
      return { by: 'hour', machine: row.machine?.id }
  }
}

/** What the rows are narrowed to, each with a way out. */
function Chips({ search, clear }: { search: UsageSearch; clear: (name: 'subscription' | 'owner' | 'plan' | 'machine') => void }) {
  const subscriptions = useQuery({ ...subscriptionsQuery, enabled: search.subscription !== undefined, refetchInterval: false })
  const named = subscriptions.data?.items.find((s) => s.id === search.subscription)?.name
  const chips = [
    ['subscription', search.subscription && `Subscription ${named ?? search.subscription}`],
    ['owner', search.owner === undefined ? undefined : search.owner ? `Owner ${search.owner}` : 'No owner'],
    ['plan', search.plan && (PLAN_NAMES[search.plan] ?? search.plan)],
    ['machine', search.machine && `Machine ${search.machine.slice(0, 8)}`],
  ] as const
  return (
    <>
      {chips.map(([name, text]) => text && (
        <Button key={name} icon={<DismissRegular />} iconPosition="after" aria-label={`No longer only ${text}`} onClick={() => clear(name)}>{text}</Button>
      ))}
    </>
  )
}
