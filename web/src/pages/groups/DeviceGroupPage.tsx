import { Button, Field, Input, Select, Textarea } from '@fluentui/react-components'
import { useQuery } from '@tanstack/react-query'
import { Link, useNavigate, useParams } from '@tanstack/react-router'
import { type FormEvent, useState } from 'react'
import { groupsQuery, useSaveGroup } from '../../api/queries/groups'
import { AUTOMATION, CRITICALITY, type DeviceGroup } from '../../api/types'
import { ErrorBar } from '../../components/ErrorBar'
import { PageHeader } from '../../components/PageHeader'
import { EmptyState, ErrorState, Loading } from '../../components/states'
import { complete, draftOf, newDraft, ruleOf } from '../../lib/rules'
import { Preview } from './Preview'
import { RuleBuilder } from './RuleBuilder'
import './groups.css'

const back = <Link className="link" to="/settings/device-groups">Device groups</Link>

/** One group, a new one or one that is there. */
export function DeviceGroupPage() {
  const { groupId } = useParams({ from: '/inside/settings/device-groups/$groupId' })
  const groups = useQuery(groupsQuery)
  if (groups.isPending) return <div className="page"><Loading what="the device group" /></div>
  if (!groups.data) return <div className="page"><ErrorState what="The device group could not be read" error={groups.error} retry={() => void groups.refetch()} /></div>
  const found = groups.data.items.find((group) => group.id === groupId)
  if (!found && groupId !== 'new') return <div className="page"><EmptyState title="There is no such device group">It may have been deleted. {back}</EmptyState></div>
  // Another group is another form.
  return <GroupForm key={groupId} group={found} last={groups.data.items.length} />
}

function GroupForm({ group, last }: { group: DeviceGroup | undefined; last: number }) {
  const navigate = useNavigate()
  const save = useSaveGroup()
  const [name, setName] = useState(group?.name ?? '')
  const [description, setDescription] = useState(group?.description ?? '')
  const [rank, setRank] = useState(group?.rank ?? last + 1)
  const [criticality, setCriticality] = useState(group?.criticality ?? 'normal')
  const [automation, setAutomation] = useState(group?.automation ?? 'none')
  const [draft, setDraft] = useState(() => (group ? draftOf(group.rule) : newDraft()))
  const rule = complete(draft) ? ruleOf(draft) : undefined
  const places = group ? last : last + 1
  const submit = (event: FormEvent) => {
    event.preventDefault()
    if (!rule) return
    save.mutate(
      { id: group?.id, name: name.trim(), description: description.trim(), rank, rule, criticality, automation },
      { onSuccess: () => void navigate({ to: '/settings/device-groups' }) },
    )
  }
  return (
    <div className="page">
      <div className="stack">
        <nav className="crumbs" aria-label="Where you are">{back}</nav>
        <PageHeader title={group ? group.name : 'New device group'} />
        <div className="group-editor">
          <form className="stack" onSubmit={submit} aria-label="Device group">
            <div className="group-fields">
              <Field label="Name" required><Input value={name} maxLength={200} onChange={(_, d) => setName(d.value)} /></Field>
              <Field label="Rank" hint="1 decides first">
                <Select value={String(rank)} onChange={(_, d) => setRank(Number(d.value))}>
                  {Array.from({ length: places }, (_, at) => <option key={at} value={at + 1}>{at + 1}</option>)}
                </Select>
              </Field>
              <Field label="Criticality" hint={CRITICALITY[criticality]}>
                <Select value={criticality} onChange={(_, d) => setCriticality(d.value as typeof criticality)}>
                  <option value="low">Low</option>
                  <option value="normal">Normal</option>
                  <option value="high">High</option>
                  <option value="very_high">Very high</option>
                </Select>
              </Field>
              <Field label="Automation level" hint={AUTOMATION[automation]}>
                <Select value={automation} onChange={(_, d) => setAutomation(d.value as typeof automation)}>
                  <option value="none">None</option>
                  <option value="semi">Semi</option>
                  <option value="full">Full</option>
                </Select>
              </Field>
            </div>
            <Field label="Description"><Textarea value={description} maxLength={1000} onChange={(_, d) => setDescription(d.value)} /></Field>
            <section className="stack" aria-label="Which devices">
              <h2 className="card-title">Which devices</h2>
              <RuleBuilder draft={draft} onChange={setDraft} />
            </section>
            <ErrorBar what="The device group was not saved" error={save.error} kept="What you entered is kept." />
            <div className="row">
              <Button type="submit" appearance="primary" disabled={!name.trim() || !rule || save.isPending}>{group ? 'Save' : 'Make the group'}</Button>
              <Button onClick={() => void navigate({ to: '/settings/device-groups' })}>Cancel</Button>
            </div>
          </form>
          <Preview rule={rule} group={group?.id} />
        </div>
      </div>
    </div>
  )
}
