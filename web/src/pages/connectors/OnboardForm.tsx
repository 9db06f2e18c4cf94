import { Button, Field, Input, Select } from '@fluentui/react-components'
import { type FormEvent, useState } from 'react'
import { useOnboard } from '../../api/queries/connectors'
import type { NewOnboarding } from '../../api/types'
import { ErrorBar } from '../../components/ErrorBar'
import { formatCount } from '../../lib/format'
import { Invitation } from './Invitation'

const LIVES: [number, string][] = [[1, '1 hour'], [24, '1 day'], [168, '7 days'], [720, '30 days'], [2160, '90 days']]
/** The server's bound. */
const MOST = 100_000

const ABOUT: Record<NewOnboarding['form'], string> = {
  script: 'The script fetches the sensor from this server, trusts no certificate but this server’s, and runs what it fetched only if it has the digest that is written in it.',
  cloud_init: 'A machine that starts with this user data for the first time puts the sensor on itself. Whatever runs on that machine can read its user data, so bound the token.',
  package: 'The package brings the sensor. Where an invitation lies on the machine, installing the package enrols it; without one, nothing is started.',
}

/** Machines that no connector reaches come by themselves, with a token that ends. */
export function OnboardForm({ form, subscription }: { form: NewOnboarding['form']; subscription: string }) {
  const make = useOnboard()
  const [hours, setHours] = useState(24)
  const [uses, setUses] = useState('10')
  const count = Number(uses)
  const fine = Number.isInteger(count) && count >= 1 && count <= MOST
  const submit = (event: FormEvent) => {
    event.preventDefault()
    make.mutate({ subscription_id: subscription, form, expires_in_hours: hours, max_uses: count })
  }
  return (
    <div className="form-column">
      <p>{ABOUT[form]}</p>
      {make.data ? (
        <Invitation made={make.data} onDone={make.reset} />
      ) : (
        <form className="form-column" onSubmit={submit} aria-label="Invite machines">
          <div className="form-row form-top">
            <Field label="Its token ends after" hint="Machines that it took in stay.">
              <Select value={String(hours)} onChange={(_, d) => setHours(Number(d.value))}>
                {LIVES.map(([life, label]) => <option key={life} value={life}>{label}</option>)}
              </Select>
            </Field>
            <Field label="Machines that it takes in" validationState={fine ? 'none' : 'error'} validationMessage={fine ? undefined : `1 to ${formatCount(MOST)}`}>
              <Input inputMode="numeric" value={uses} onChange={(_, d) => setUses(d.value)} />
            </Field>
          </div>
          <ErrorBar what="Nothing was made" error={make.error} kept="What you entered is kept." />
          <div className="row"><Button type="submit" appearance="primary" disabled={!fine || make.isPending}>{form === 'cloud_init' ? 'Make the user data' : form === 'script' ? 'Make the script' : 'Make the invitation'}</Button></div>
        </form>
      )}
    </div>
  )
}
