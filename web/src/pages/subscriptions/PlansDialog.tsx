import {
  Button,
  Dialog,
  DialogActions,
  DialogBody,
  DialogContent,
  DialogSurface,
  DialogTitle,
  Field,
  Radio,
  RadioGroup,
} from '@fluentui/react-components'
import { useState } from 'react'
import { useSwitchPlans } from '../../api/queries/usage'
import type { PlansChange, Subscription } from '../../api/types'
import { ErrorBar } from '../../components/ErrorBar'
import { changeOf, wantedOf, type Wanted } from './planChange'
import { PLAN_NAMES } from './planText'

/** Which plans a subscription shall have, and whether they begin as a trial. */
export function PlansDialog({ of, onClose }: { of: Subscription; onClose: () => void }) {
  const before = wantedOf(of)
  const [wanted, setWanted] = useState<Wanted>(before)
  const save = useSwitchPlans()
  const change = changeOf(before, wanted)
  const submit = (body: PlansChange) => save.mutate({ id: of.id, ...body }, { onSuccess: onClose })
  const begins = wanted.servers !== 'off' || wanted.posture !== 'off'
  return (
    <Dialog open onOpenChange={(_, data) => !data.open && onClose()}>
      <DialogSurface>
        <DialogBody>
          <DialogTitle>Plans of {of.name}</DialogTitle>
          <DialogContent className="stack" tabIndex={0}>
            <Field label="Servers plan">
              <RadioGroup value={wanted.servers} onChange={(_, d) => setWanted({ ...wanted, servers: d.value as Wanted['servers'] })}>
                <Radio value="off" label="None" />
                <Radio value="p1" label={`${PLAN_NAMES.servers_p1}: sensors, detection and response, inventory`} />
                <Radio value="p2" label={`${PLAN_NAMES.servers_p2}: Plan 1 and everything that protects a server beyond it`} />
              </RadioGroup>
            </Field>
            <Field label="Posture plan">
              <RadioGroup value={wanted.posture} onChange={(_, d) => setWanted({ ...wanted, posture: d.value as Wanted['posture'] })}>
                <Radio value="off" label="None" />
                <Radio value="on" label="Posture: the view over the whole estate" />
              </RadioGroup>
            </Field>
            {begins && (
              <Field label="How it is paid for">
                <RadioGroup value={wanted.how} onChange={(_, d) => setWanted({ ...wanted, how: d.value as Wanted['how'] })}>
                  <Radio value="trial" label="Free trial: thirty days from its first start, once for each plan; it cannot be paused" />
                  <Radio value="pay" label="Paid: what is left of a trial stays free" />
                </RadioGroup>
              </Field>
            )}
            <p>Machines are metered by what is chosen here from now on. Sensors, capture, prevention and health go on in any case.</p>
            <ErrorBar what="The plans were not changed" error={save.error} kept="What you chose is kept here." />
          </DialogContent>
          <DialogActions>
            <Button onClick={onClose}>Cancel</Button>
            <Button appearance="primary" disabled={!change || save.isPending} onClick={() => change && submit(change)}>Save</Button>
          </DialogActions>
        </DialogBody>
      </DialogSurface>
    </Dialog>
  )
}
