import { Button, Dialog, DialogActions, DialogBody, DialogContent, DialogSurface, DialogTitle, Field, ProgressBar, Select, Textarea } from '@fluentui/react-components'
import { useQuery } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { adviceFor, asApiError, sentence } from '../../api/errors'
import { subscriptionsQuery } from '../../api/queries/usage'
import { useMachineDeed, VERBS } from '../../api/queries/verbs'
import type { Machine } from '../../api/types'
import { formatCount } from '../../lib/format'
import { MACHINE_VERBS, named, type VerbKey } from './verbs'

/** At once; the server works through what is asked by itself. */
const AT_ONCE = 4

interface Props {
  verb: VerbKey
  machines: Machine[]
  onClose: () => void
  /** Told once it was accepted for every machine. */
  onDone?: () => void
}

interface Failed {
  machine: Machine
  error: unknown
}

/** Says what will happen on which machines, asks why, and then says for each whether it was accepted. */
export function VerbDialog({ verb, machines: given, onClose, onDone }: Props) {
  // As they were when it was asked: what is done changes what fits.
  const [machines] = useState(given)
  const text = MACHINE_VERBS[verb]
  const fitting = machines.filter(text.fits)
  const passed = machines.length - fitting.length
  const deed = useMachineDeed()
  const [reason, setReason] = useState('')
  const [to, setTo] = useState('')
  const [done, setDone] = useState<number>()
  const [failed, setFailed] = useState<Failed[]>([])
  const asking = done === undefined
  const over = done !== undefined && done + failed.length === fitting.length
  const ready = fitting.length > 0 && (!text.reason || reason.trim() !== '') && (verb !== 'move' || to !== '')

  const run = async () => {
    setDone(0)
    const faults: Failed[] = []
    const queue = [...fitting]
    const work = async () => {
      for (let machine = queue.shift(); machine; machine = queue.shift()) {
        const { id } = machine
        try {
          await deed.mutateAsync(() => VERBS[verb](id, reason.trim(), to))
          setDone((n) => (n ?? 0) + 1)
        } catch (error) {
          faults.push({ machine, error })
          setFailed([...faults])
        }
      }
    }
    await Promise.all(Array.from({ length: AT_ONCE }, work))
    if (faults.length === 0) {
      onDone?.()
      if (fitting.length === 1) onClose()
    }
  }
  const submit = (event: FormEvent) => {
    event.preventDefault()
    void run()
  }
  return (
    <Dialog open onOpenChange={(_, data) => !data.open && onClose()}>
      <DialogSurface>
        <form onSubmit={submit}>
          <DialogBody>
            <DialogTitle>{text.title(named(fitting.length ? fitting : machines))}</DialogTitle>
            <DialogContent className="stack" tabIndex={0}>
              <p>{text.effect}</p>
              {machines.length > 1 && <Names machines={fitting} />}
              {passed > 0 && (
                <p className="muted">
                  {passed === 1 ? 'One machine is' : `${formatCount(passed)} machines are`} passed over: this does not fit the state that it is in.
                </p>
              )}
              {asking ? (
                <>
                  {verb === 'move' && <Destination machines={fitting} value={to} onChange={setTo} />}
                  {text.reason && (
                    <Field label="Reason" required hint={verb === 'exclude' ? 'Shown on the machine, and kept in the audit log.' : 'Kept in the audit log.'}>
                      <Textarea value={reason} maxLength={verb === 'exclude' ? 200 : 500} onChange={(_, d) => setReason(d.value)} />
                    </Field>
                  )}
                </>
              ) : (
                <Progress done={done} failed={failed} of={fitting.length} over={over} words={text.done} />
              )}
            </DialogContent>
            <DialogActions>
              <Button onClick={onClose}>{asking ? 'Cancel' : 'Close'}</Button>
              {asking && <Button type="submit" appearance="primary" disabled={!ready}>{text.confirm}</Button>}
            </DialogActions>
          </DialogBody>
        </form>
      </DialogSurface>
    </Dialog>
  )
}

function Names({ machines }: { machines: Machine[] }) {
  const shown = machines.slice(0, 10).map((m) => m.name).join(', ')
  return <p className="break">{shown}{machines.length > 10 && ` and ${formatCount(machines.length - 10)} more`}</p>
}

/** Another subscription of the tenant. */
function Destination({ machines, value, onChange }: { machines: Machine[]; value: string; onChange: (id: string) => void }) {
  const all = useQuery(subscriptionsQuery).data?.items.filter((s) => s.state === 'active') ?? []
  const from = new Set(machines.map((m) => m.subscription_id))
  const others = all.filter((s) => from.size > 1 || !from.has(s.id))
  return (
    <Field label="Subscription" required hint={others.length === 0 ? 'There is no other subscription.' : undefined}>
      <Select value={value} onChange={(_, d) => onChange(d.value)}>
        <option value="">Choose one</option>
        {others.map((s) => <option key={s.id} value={s.id}>{s.name}</option>)}
      </Select>
    </Field>
  )
}

function Progress({ done, failed, of, over, words }: { done: number; failed: Failed[]; of: number; over: boolean; words: string }) {
  return (
    <div className="stack" role="status">
      {of > 1 && <ProgressBar max={of} value={done + failed.length} aria-label="Machines asked about" />}
      <p>
        {!over ? `${formatCount(done)} of ${formatCount(of)} accepted…` : failed.length === 0 ? (of === 1 ? words : `Accepted for all ${formatCount(of)} machines. ${words}`) : `Accepted for ${formatCount(done)} of ${formatCount(of)}.`}
      </p>
      {failed.length > 0 && (
        <ul className="plain-list" aria-label="Not accepted">
          {failed.map(({ machine, error }) => {
            const fault = asApiError(error)
            return (
              <li key={machine.id}>
                <span><b>{machine.name}</b>: {sentence(fault.message)} {adviceFor(fault)} <code>{fault.code}</code></span>
              </li>
            )
          })}
        </ul>
      )}
    </div>
  )
}
