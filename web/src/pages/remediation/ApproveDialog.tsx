import { Button, Dialog, DialogActions, DialogBody, DialogContent, DialogSurface, DialogTitle, Field, Radio, RadioGroup } from '@fluentui/react-components'
import { type FormEvent, useState } from 'react'
import { useApproveRemediation } from '../../api/queries/remediations'
import type { Remediation, RemediationApproval } from '../../api/types'
import { ErrorBar } from '../../components/ErrorBar'
import { formatCount } from '../../lib/format'
import { runDraft, runOf } from './runDraft'
import { RunFields } from './RunFields'
import { runText } from './words'

const EFFECTS: Record<RemediationApproval['phase'], string> = {
  dry_run: 'A dry run says what the update would do, and changes nothing.',
  apply: 'A machine is looked at by a dry run, then updated; it keeps its versions from before, and sends a receipt with proof. The first failure stops what has not begun.',
}

/** Lets sensors begin: says what will happen on how many machines, and how far they may go. */
export function ApproveDialog({ of: r, onClose }: { of: Remediation; onClose: () => void }) {
  const approve = useApproveRemediation()
  const [phase, setPhase] = useState<RemediationApproval['phase']>(r.state === 'requested' ? 'dry_run' : 'apply')
  const [changing, setChanging] = useState(r.state === 'stopped')
  const [draft, setDraft] = useState(() => runDraft(r.run ?? undefined))
  const run = runOf(draft)
  const left = Math.max(0, r.devices - r.devices_gone - r.devices_fixed)
  const submit = (event: FormEvent) => {
    event.preventDefault()
    approve.mutate({ id: r.id, phase, ...(changing && run && { run }) }, { onSuccess: onClose })
  }
  return (
    <Dialog open onOpenChange={(_, data) => !data.open && onClose()}>
      <DialogSurface>
        <form onSubmit={submit}>
          <DialogBody>
            <DialogTitle>Approve: {r.title}</DialogTitle>
            <DialogContent className="stack" tabIndex={0}>
              <Field label="What is approved">
                <RadioGroup value={phase} onChange={(_, d) => setPhase(d.value as RemediationApproval['phase'])}>
                  <Radio value="dry_run" label="The dry run only" />
                  <Radio value="apply" label="The update" />
                </RadioGroup>
              </Field>
              <p>It is about <b>{left === 1 ? '1 machine' : `${formatCount(left)} machines`}</b>. {EFFECTS[phase]}</p>
              {changing ? (
                <RunFields draft={draft} onChange={setDraft} />
              ) : (
                <>
                  <p>{runText(r.run)}.</p>
                  <div><Button size="small" onClick={() => setChanging(true)}>Change how it is carried out</Button></div>
                </>
              )}
              <ErrorBar what="It was not approved" error={approve.error} kept="Nothing was begun." />
            </DialogContent>
            <DialogActions>
              <Button onClick={onClose}>Cancel</Button>
              <Button type="submit" appearance="primary" disabled={approve.isPending || (changing && run === undefined)}>{phase === 'apply' ? 'Approve the update' : 'Approve the dry run'}</Button>
            </DialogActions>
          </DialogBody>
        </form>
      </DialogSurface>
    </Dialog>
  )
}
