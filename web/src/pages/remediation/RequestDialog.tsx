import { Button, Checkbox, Dialog, DialogActions, DialogBody, DialogContent, DialogSurface, DialogTitle, Field, Input, Radio, RadioGroup, Select, Textarea } from '@fluentui/react-components'
import { useQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { type FormEvent, useState } from 'react'
import { useRequestRemediation } from '../../api/queries/remediations'
import { useSession } from '../../api/queries/session'
import { groupExposuresQuery } from '../../api/queries/vulnerabilities'
import type { SecurityRecommendation } from '../../api/types'
import { ErrorBar } from '../../components/ErrorBar'
import { formatCount } from '../../lib/format'
import { recommendationTitle } from '../vulnerabilities/words'
import { dueOf, runDraft, runOf } from './runDraft'
import { RunFields } from './RunFields'
import { PRIORITY_WORDS } from './words'

/** Asks for a fix: by whom, until when, and whether sensors carry it out. */
export function RequestDialog({ of, onClose }: { of: SecurityRecommendation; onClose: () => void }) {
  const session = useSession().data
  const navigate = useNavigate()
  const request = useRequestRemediation()
  const [owner, setOwner] = useState(session?.user.email ?? '')
  const [day, setDay] = useState('')
  const [priority, setPriority] = useState('medium')
  const [note, setNote] = useState('')
  const [ticket, setTicket] = useState(true)
  const groups = useQuery(groupExposuresQuery).data?.items ?? []
  const [group, setGroup] = useState('')
  const [how, setHow] = useState('people')
  const [draft, setDraft] = useState(() => runDraft())
  // Sensors carry out updates of a distribution's packages; the server refuses the rest with its reason.
  const runnable = of.remediation_type === 'update'
  const run = how === 'sensors' ? runOf(draft) : null
  const submit = (event: FormEvent) => {
    event.preventDefault()
    if (run === undefined) return
    request.mutate(
      { recommendation_id: of.id, owner: owner.trim(), due_at: dueOf(day) ?? null, priority, note: note.trim(), open_ticket: ticket, device_group_id: group || null, run },
      { onSuccess: (made) => void navigate({ to: '/remediations/$remediationId', params: { remediationId: made.id } }) },
    )
  }
  return (
    <Dialog open onOpenChange={(_, data) => !data.open && onClose()}>
      <DialogSurface>
        <form onSubmit={submit}>
          <DialogBody>
            <DialogTitle>Request remediation: {recommendationTitle(of)}</DialogTitle>
            <DialogContent className="stack" tabIndex={0}>
              <p>{formatCount(of.exposed_devices)} {of.exposed_devices === 1 ? 'device needs' : 'devices need'} it. Nothing changes on any machine before somebody approves.</p>
              <Field label="Owner" required hint="Who sees to it."><Input value={owner} maxLength={200} onChange={(_, d) => setOwner(d.value)} /></Field>
              <div className="form-row form-top">
                <Field label="Due" hint="By the end of the day."><Input type="date" value={day} onChange={(_, d) => setDay(d.value)} /></Field>
                <Field label="Priority">
                  <Select value={priority} onChange={(_, d) => setPriority(d.value)}>
                    {Object.entries(PRIORITY_WORDS).map(([key, word]) => <option key={key} value={key}>{word}</option>)}
                  </Select>
                </Field>
              </div>
              <Field label="Note"><Textarea value={note} maxLength={1000} onChange={(_, d) => setNote(d.value)} /></Field>
              <Checkbox checked={ticket} onChange={(_, d) => setTicket(d.checked === true)} label="Open a ticket through the webhooks that open tickets" />
              <Field label="Where">
                <Select value={group} onChange={(_, d) => setGroup(d.value)}>
                  <option value="">On every device that needs it</option>
                  {groups.map((g) => <option key={g.id} value={g.id}>{g.name}</option>)}
                </Select>
              </Field>
              <Field label="Who carries it out" hint={runnable ? undefined : 'Sensors carry out updates only.'}>
                <RadioGroup value={how} onChange={(_, d) => setHow(d.value)}>
                  <Radio value="people" label="People; the progress is measured from inventories" />
                  <Radio value="sensors" disabled={!runnable} label="Sensors, once somebody approves: first a dry run, then the update" />
                </RadioGroup>
              </Field>
              {how === 'sensors' && <RunFields draft={draft} onChange={setDraft} />}
              <ErrorBar what="The remediation was not requested" error={request.error} kept="What you entered is kept here." />
            </DialogContent>
            <DialogActions>
              <Button onClick={onClose}>Cancel</Button>
              <Button type="submit" appearance="primary" disabled={request.isPending || !owner.trim() || run === undefined}>Request</Button>
            </DialogActions>
          </DialogBody>
        </form>
      </DialogSurface>
    </Dialog>
  )
}
