import { Button, Checkbox, Dialog, DialogActions, DialogBody, DialogContent, DialogSurface, DialogTitle, Field, Input, Select } from '@fluentui/react-components'
import { useQuery } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { groupsQuery } from '../../api/queries/groups'
import { useAddRule, useChangeRule, webhooksQuery } from '../../api/queries/notifications'
import type { NotificationRule, NotificationRuleBody } from '../../api/types'
import { ErrorBar } from '../../components/ErrorBar'
import { severityLabel } from '../../components/Severity'
import { EVENT_KINDS } from '../../lib/notificationSearch'
import { KIND_WORDS } from '../events/words'
import { ruleBody } from './words'

const USUAL = ['new_vulnerability', 'vulnerability_exploited', 'public_exploit', 'feed_trouble']

const NEW: NotificationRuleBody = { name: '', enabled: true, kinds: USUAL, severity: 'high', exploited_only: false, least_devices: 0, device_group_id: null, webhook_ids: [] }

const turned = (list: string[], word: string, on: boolean): string[] => (on ? [...list, word] : list.filter((w) => w !== word))

/** Makes or changes a rule. */
export function RuleDialog({ of, onClose }: { of: NotificationRule | undefined; onClose: () => void }) {
  const webhooks = useQuery(webhooksQuery)
  const groups = useQuery(groupsQuery).data?.items ?? []
  const add = useAddRule()
  const change = useChangeRule()
  const [draft, setDraft] = useState(() => (of ? ruleBody(of) : NEW))
  const [least, setLeast] = useState(String(Math.max(1, draft.least_devices ?? 0)))
  const set = (next: Partial<NotificationRuleBody>) => setDraft({ ...draft, ...next })
  const good = /^\d{1,6}$/.test(least) && Number(least) >= 1
  const submit = (event: FormEvent) => {
    event.preventDefault()
    const body = { ...draft, name: draft.name.trim(), least_devices: Number(least) }
    if (of) change.mutate({ id: of.id, ...body }, { onSuccess: onClose })
    else add.mutate(body, { onSuccess: onClose })
  }
  return (
    <Dialog open onOpenChange={(_, data) => !data.open && onClose()}>
      <DialogSurface>
        <form onSubmit={submit}>
          <DialogBody>
            <DialogTitle>{of ? `Rule: ${of.name}` : 'New rule'}</DialogTitle>
            <DialogContent className="stack" tabIndex={0}>
              <Field label="Name" required><Input value={draft.name} maxLength={200} onChange={(_, d) => set({ name: d.value })} /></Field>
              <fieldset className="ticks">
                <legend>Events</legend>
                {EVENT_KINDS.map((kind) => <Checkbox key={kind} label={KIND_WORDS[kind]} checked={draft.kinds.includes(kind)} onChange={(_, d) => set({ kinds: turned(draft.kinds, kind, d.checked === true) })} />)}
              </fieldset>
              <Field label="Least severity" hint="Events without one, such as feeds in trouble, are not held back by it.">
                <Select value={draft.severity} onChange={(_, d) => set({ severity: d.value })}>
                  <option value="">Any</option>
                  {['low', 'medium', 'high', 'critical'].map((s) => <option key={s} value={s}>{severityLabel(s)}{s !== 'critical' && ' and worse'}</option>)}
                </Select>
              </Field>
              <Checkbox label="Only vulnerabilities that are exploited now" checked={draft.exploited_only} onChange={(_, d) => set({ exploited_only: d.checked === true })} />
              <Field label="On at least so many devices" validationState={good ? 'none' : 'error'} validationMessage={good ? undefined : '1 and more'}>
                <Input inputMode="numeric" value={least} onChange={(_, d) => setLeast(d.value)} />
              </Field>
              <Field label="Of devices">
                <Select value={draft.device_group_id ?? ''} onChange={(_, d) => set({ device_group_id: d.value || null })}>
                  <option value="">All</option>
                  {groups.map((g) => <option key={g.id} value={g.id}>{g.name}</option>)}
                </Select>
              </Field>
              <fieldset className="ticks">
                <legend>Told to</legend>
                {webhooks.data?.items.map((w) => <Checkbox key={w.id} label={w.name} checked={draft.webhook_ids.includes(w.id)} onChange={(_, d) => set({ webhook_ids: turned(draft.webhook_ids, w.id, d.checked === true) })} />)}
                {webhooks.data?.items.length === 0 && <span className="muted">There is no webhook yet: make one under Webhooks.</span>}
              </fieldset>
              <ErrorBar what="The webhooks could not be read" error={webhooks.error} retry={() => void webhooks.refetch()} />
              <ErrorBar what="The rule was not saved" error={add.error ?? change.error} kept="What you entered is kept here." />
            </DialogContent>
            <DialogActions>
              <Button onClick={onClose}>Cancel</Button>
              <Button type="submit" appearance="primary" disabled={add.isPending || change.isPending || !draft.name.trim() || draft.kinds.length === 0 || draft.webhook_ids.length === 0 || !good}>{of ? 'Save' : 'Make the rule'}</Button>
            </DialogActions>
          </DialogBody>
        </form>
      </DialogSurface>
    </Dialog>
  )
}
