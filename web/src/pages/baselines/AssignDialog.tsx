import { Button, Checkbox, Dialog, DialogActions, DialogBody, DialogContent, DialogSurface, DialogTitle, Field, Radio, RadioGroup } from '@fluentui/react-components'
import { useQuery } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { useAssignProfile } from '../../api/queries/baselines'
import { groupsQuery } from '../../api/queries/groups'
import type { BaselineProfile } from '../../api/types'
import { ErrorBar } from '../../components/ErrorBar'
import { formatCount } from '../../lib/format'

/** Chooses where a profile is run. */
export function AssignDialog({ of: p, onClose }: { of: BaselineProfile; onClose: () => void }) {
  const groups = useQuery(groupsQuery)
  const assign = useAssignProfile()
  const [where, setWhere] = useState(p.all_devices ? 'all' : p.device_groups.length > 0 ? 'groups' : 'none')
  const [chosen, setChosen] = useState(p.device_groups.map((g) => g.id))
  const tick = (id: string, on: boolean) => setChosen(on ? [...chosen, id] : chosen.filter((c) => c !== id))
  const submit = (event: FormEvent) => {
    event.preventDefault()
    assign.mutate({ id: p.id, all_devices: where === 'all', device_group_ids: where === 'groups' ? chosen : [] }, { onSuccess: onClose })
  }
  return (
    <Dialog open onOpenChange={(_, data) => !data.open && onClose()}>
      <DialogSurface>
        <form onSubmit={submit}>
          <DialogBody>
            <DialogTitle>Assign: {p.title}</DialogTitle>
            <DialogContent className="stack" tabIndex={0}>
              <p>Devices compare themselves with it at their next contact. Nothing is changed on any of them.</p>
              <Field label="Where it is run">
                <RadioGroup value={where} onChange={(_, d) => setWhere(d.value)}>
                  <Radio value="all" label="On all devices" />
                  <Radio value="groups" label="On devices of some groups" />
                  <Radio value="none" label="Nowhere, other than where it is the default of a system" />
                </RadioGroup>
              </Field>
              {where === 'groups' && (
                <fieldset className="ticks">
                  <legend>Device groups</legend>
                  {groups.data?.items.map((g) => (
                    <Checkbox key={g.id} label={`${g.name} (${formatCount(g.device_count)})`} checked={chosen.includes(g.id)} onChange={(_, d) => tick(g.id, d.checked === true)} />
                  ))}
                  {groups.data?.items.length === 0 && <span className="muted">There is no device group yet: make one under Device groups.</span>}
                </fieldset>
              )}
              <ErrorBar what="The device groups could not be read" error={groups.error} retry={() => void groups.refetch()} />
              <ErrorBar what="It was not assigned" error={assign.error} kept="It is run where it was before." />
            </DialogContent>
            <DialogActions>
              <Button onClick={onClose}>Cancel</Button>
              <Button type="submit" appearance="primary" disabled={assign.isPending || (where === 'groups' && chosen.length === 0)}>Save</Button>
            </DialogActions>
          </DialogBody>
        </form>
      </DialogSurface>
    </Dialog>
  )
}
