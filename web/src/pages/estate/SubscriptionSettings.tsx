import { Button, Checkbox, Field, Input, Radio, RadioGroup, Textarea } from '@fluentui/react-components'
import { type FormEvent, useState } from 'react'
import { useMay } from '../../api/queries/session'
import { useChangeSubscription } from '../../api/queries/usage'
import type { Subscription, SubscriptionPatch } from '../../api/types'
import { ErrorBar } from '../../components/ErrorBar'
import { linesOf } from '../connectors/settings'
import '../../components/estate.css'

interface Draft {
  name: string
  owner_tag: string
  upgrades: boolean
  other_products: Subscription['other_products']
  exclusions: string
  designated: boolean
}
const draftOf = (s: Subscription): Draft => ({
  name: s.name, owner_tag: s.owner_tag, upgrades: s.upgrades, other_products: s.other_products, exclusions: s.exclusions.join('\n'), designated: s.designated,
})

/** What holds for the machines of a subscription; saved explicitly. */
export function SubscriptionSettings({ of }: { of: Subscription }) {
  const may = useMay('estate.manage')
  const save = useChangeSubscription()
  const before = draftOf(of)
  const [draft, setDraft] = useState(before)
  const set = (change: Partial<Draft>) => setDraft({ ...draft, ...change })
  const changed = JSON.stringify(draft) !== JSON.stringify(before)
  const submit = (event: FormEvent) => {
    event.preventDefault()
    const { exclusions, designated, ...rest } = draft
    const patch: SubscriptionPatch = { ...rest, name: draft.name.trim(), exclusions: linesOf(exclusions) }
    // It can only be given to a subscription, never taken away from it.
    if (designated && !of.designated) patch.designated = true
    save.mutate({ id: of.id, ...patch }, { onSuccess: (now) => setDraft(draftOf(now)) })
  }
  return (
    <form className="form-column" onSubmit={submit} aria-label="Subscription settings">
      <fieldset disabled={!may} className="form-column bare">
        <Field label="Name" required><Input value={draft.name} maxLength={200} onChange={(_, d) => set({ name: d.value })} /></Field>
        <Field label="Tag that names the owner" hint="The key of a tag; usage is added up by its value."><Input value={draft.owner_tag} maxLength={200} onChange={(_, d) => set({ owner_tag: d.value })} /></Field>
        <Field label="Left out" hint="One a line: a tag’s key, key=value, or name:pattern. No sensor is installed there; one that is there stays. The file /etc/palisade/exclude on a machine does the same.">
          <Textarea className="mono" rows={4} value={draft.exclusions} placeholder={'env=lab\nname:build-*'} onChange={(_, d) => set({ exclusions: d.value })} />
        </Field>
        <Field label="Beside another security product">
          <RadioGroup value={draft.other_products} onChange={(_, d) => set({ other_products: d.value as Draft['other_products'] })}>
            <Radio value="observe" label="Install, observing only" />
            <Radio value="leave_alone" label="Leave the machine alone" />
          </RadioGroup>
        </Field>
        <Checkbox label="Put new versions of the sensor on its machines" checked={draft.upgrades} onChange={(_, d) => set({ upgrades: d.checked === true })} />
        <Checkbox
          label="Machines that no connector knows land here"
          checked={draft.designated}
          disabled={of.designated}
          onChange={(_, d) => set({ designated: d.checked === true })}
        />
        {of.designated && <p className="muted small">To change this, choose another subscription for it.</p>}
      </fieldset>
      <ErrorBar what="The settings were not saved" error={save.error} kept="What you entered is kept here; those before hold." />
      {save.isSuccess && !changed && <p role="status">Saved.</p>}
      {may && (
        <div className="row">
          <Button type="submit" appearance="primary" disabled={!changed || !draft.name.trim() || save.isPending}>Save</Button>
          <Button disabled={!changed} onClick={() => { setDraft(before); save.reset() }}>Undo</Button>
        </div>
      )}
    </form>
  )
}
