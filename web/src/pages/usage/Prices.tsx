import { Button, Field, Input, Table, TableBody, TableCell, TableRow } from '@fluentui/react-components'
import { useQuery } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { asApiError } from '../../api/errors'
import { rateCardsQuery, useRemoveRateCard, useWriteRateCard } from '../../api/queries/usage'
import type { RateCard } from '../../api/types'
import { ConfirmDialog } from '../../components/ConfirmDialog'
import { ErrorBar } from '../../components/ErrorBar'
import { HeadRow } from '../../components/HeadRow'
import { ErrorState, Loading } from '../../components/states'
import { isPrice, trimmed } from '../../lib/money'
import { formatUtc } from '../../lib/time'
import { PLANS, PLAN_NAMES } from '../subscriptions/planText'

/** What machine-hours cost from when on. */
export function Prices({ admin }: { admin: boolean }) {
  const cards = useQuery(rateCardsQuery)
  const remove = useRemoveRateCard()
  const [ending, setEnding] = useState<RateCard>()
  // Prices are of the tenant as a whole; somebody who is limited to device groups sees amounts only.
  if (cards.error && asApiError(cards.error).status === 403) return null
  return (
    <section className="card" aria-label="Prices">
      <h2 className="card-title">Prices of a machine-hour</h2>
      {cards.isPending ? (
        <Loading what="prices" rows={2} />
      ) : !cards.data ? (
        <ErrorState what="The prices could not be read" error={cards.error} retry={() => void cards.refetch()} />
      ) : cards.data.items.length === 0 ? (
        <p className="muted">No price is set: hours are counted, and have no cost. A price may begin in the past.</p>
      ) : (
        <div className="settings-table">
          <Table aria-label="Prices" className="wide-table">
            <HeadRow names={['From', 'Currency', ...PLANS.map((p) => PLAN_NAMES[p]!), 'Written by']} actions={admin} />
            <TableBody>
              {cards.data.items.toReversed().map((card) => (
                <TableRow key={card.id}>
                  <TableCell><time dateTime={card.effective}>{formatUtc(card.effective)}</time></TableCell>
                  <TableCell>{card.currency}</TableCell>
                  {PLANS.map((plan) => (
                    <TableCell key={plan} className="nums">{card.rates[plan] ? trimmed(card.rates[plan]) : <span className="muted">as before</span>}</TableCell>
                  ))}
                  <TableCell className="break">{card.created_by}</TableCell>
                  {admin && <TableCell><Button size="small" aria-label={`Remove the prices from ${card.effective}`} onClick={() => setEnding(card)}>Remove</Button></TableCell>}
                </TableRow>
              ))}
            </TableBody>
          </Table>
        </div>
      )}
      {admin && <PriceForm />}
      <ConfirmDialog
        open={ending !== undefined}
        title={`Remove the prices from ${ending ? formatUtc(ending.effective) : ''} on?`}
        confirm="Remove"
        busy={remove.isPending}
        error={remove.error}
        onClose={() => { setEnding(undefined); remove.reset() }}
        onConfirm={() => ending && remove.mutate(ending.id, { onSuccess: () => setEnding(undefined) })}
      >
        Hours under them cost what the prices before say, or count as without a price. What was metered stays.
      </ConfirmDialog>
    </section>
  )
}

const NO_PRICES: Record<string, string> = {}

function PriceForm() {
  const write = useWriteRateCard()
  const [currency, setCurrency] = useState('EUR')
  const [effective, setEffective] = useState('')
  const [prices, setPrices] = useState(NO_PRICES)
  const given = Object.entries(prices).filter(([, price]) => price.trim() !== '')
  const good = given.length > 0 && given.every(([, price]) => isPrice(price.trim())) && /^[A-Z]{3}$/.test(currency) && effective !== ''
  const submit = (event: FormEvent) => {
    event.preventDefault()
    const rates = Object.fromEntries(given.map(([plan, price]) => [plan, price.trim()]))
    write.mutate({ currency, effective, rates }, { onSuccess: () => setPrices(NO_PRICES) })
  }
  return (
    <form className="form-row" aria-label="Set prices" onSubmit={submit}>
      <Field label="From (midnight UTC)"><Input type="date" value={effective} onChange={(_, d) => setEffective(d.value)} /></Field>
      <Field label="Currency"><Input value={currency} maxLength={3} onChange={(_, d) => setCurrency(d.value.toUpperCase())} /></Field>
      {PLANS.map((plan) => (
        <Field
          key={plan}
          label={PLAN_NAMES[plan]}
          validationState={prices[plan] && !isPrice(prices[plan].trim()) ? 'error' : 'none'}
          validationMessage={prices[plan] && !isPrice(prices[plan].trim()) ? 'A number such as 0.007' : undefined}
        >
          <Input value={prices[plan] ?? ''} inputMode="decimal" placeholder="as before" onChange={(_, d) => setPrices({ ...prices, [plan]: d.value })} />
        </Field>
      ))}
      <Button type="submit" disabled={!good || write.isPending}>Set prices</Button>
      <ErrorBar what="The prices were not set" error={write.error} kept="What you typed is kept." />
    </form>
  )
}
