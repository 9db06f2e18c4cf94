import { Button, Field, Input, Select, Textarea } from '@fluentui/react-components'
import { useQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { type FormEvent, useMemo, useState } from 'react'
import { allChecksQuery, catalogueQuery, profilesQuery, useCreateProfile, useSaveProfile } from '../../api/queries/baselines'
import { useMay } from '../../api/queries/session'
import type { BaselineContent, BaselineProfile } from '../../api/types'
import { ErrorBar } from '../../components/ErrorBar'
import { Loading } from '../../components/states'
import { type Choice, firstFault, type ProfileValues, runs } from '../../lib/baselineProfile'
import { formatCount } from '../../lib/format'
import { CheckChoice } from './CheckChoice'

interface Props {
  /** Absent for a new one. */
  of?: BaselineProfile
  /** What a new one begins with. */
  from?: string
}

const NAME = /^[a-z0-9][a-z0-9_.-]{0,79}$/

/** Which checks a profile runs and with which thresholds; one that comes along is shown, and copied to be changed. */
export function ProfileForm({ of, from }: Props) {
  const may = useMay('baselines.manage') && !of?.built_in
  const navigate = useNavigate()
  const profiles = useQuery(profilesQuery)
  const catalogue = useQuery(catalogueQuery)
  const create = useCreateProfile()
  const save = useSaveProfile()
  const [id, setId] = useState('')
  const [title, setTitle] = useState(of?.title ?? '')
  const [description, setDescription] = useState(of?.description ?? '')
  const [base, setBase] = useState(of?.extends ?? from ?? '')
  const [level, setLevel] = useState(of?.level ? String(of.level) : '')
  const [choice, setChoice] = useState<Choice>({ checks: of?.checks ?? [], without: of?.without ?? [] })
  const [values, setValues] = useState<ProfileValues>(() => (of?.values ?? {}) as ProfileValues)
  const inherited = useQuery({ ...allChecksQuery(base), enabled: base !== '' })

  const begun = useMemo(() => {
    const ids = new Set(base ? inherited.data?.items.map((c) => c.id) : [])
    for (const check of catalogue.data?.items ?? []) if (level && check.level <= Number(level)) ids.add(check.id)
    return ids
  }, [base, level, inherited.data, catalogue.data])
  const checks = catalogue.data?.items
  const fault = checks && firstFault(values, checks)
  const count = checks?.filter((c) => runs(c.id, begun, choice)).length ?? 0
  const busy = create.isPending || save.isPending
  const body = { title: title.trim(), description: description.trim(), extends: base, level: level ? Number(level) : null, ...choice, values: values as BaselineContent['values'] }
  const submit = (event: FormEvent) => {
    event.preventDefault()
    if (of) save.mutate({ id: of.id, revision: of.revision, ...body })
    else create.mutate({ id, ...body }, { onSuccess: (made) => void navigate({ to: '/baselines/$profileId', params: { profileId: made.id }, search: {} }) })
  }
  const ready = title.trim() !== '' && (of !== undefined || NAME.test(id)) && count > 0 && !fault && !busy
  return (
    <form className="stack" onSubmit={submit} aria-label="Profile">
      <fieldset disabled={!may} className="bare form-column">
        {!of && (
          <Field label="Name" required hint="Lower case, digits, -, _ and dots; it stays." validationState={id && !NAME.test(id) ? 'error' : 'none'} validationMessage={id && !NAME.test(id) ? 'Lower case, digits, -, _ and dots' : undefined}>
            <Input value={id} maxLength={80} onChange={(_, d) => setId(d.value)} />
          </Field>
        )}
        <Field label="Title" required><Input value={title} maxLength={200} onChange={(_, d) => setTitle(d.value)} /></Field>
        <Field label="Description"><Textarea value={description} maxLength={4000} onChange={(_, d) => setDescription(d.value)} /></Field>
        <Field label="Begins with" hint="Its checks and thresholds are taken over, and follow it.">
          <Select value={base} onChange={(_, d) => setBase(d.value)}>
            <option value="">Nothing</option>
            {profiles.data?.items.filter((p) => p.id !== of?.id).map((p) => <option key={p.id} value={p.id}>{p.title}</option>)}
          </Select>
        </Field>
        <Field label="Every check up to level">
          <Select value={level} onChange={(_, d) => setLevel(d.value)}>
            <option value="">None by level</option>
            <option value="1">1</option>
            <option value="2">2</option>
          </Select>
        </Field>
      </fieldset>
      <h2 className="card-title">Checks <span className="count nums">{formatCount(count)} run{checks && ` of ${formatCount(checks.length)}`}</span></h2>
      <ErrorBar what="The checks could not be read" error={catalogue.error ?? inherited.error} retry={() => { void catalogue.refetch(); if (base) void inherited.refetch() }} />
      {checks && (base === '' || inherited.data) ? (
        <CheckChoice
          checks={checks}
          base={begun}
          inherited={new Map(inherited.data?.items.map((c) => [c.id, c.values]))}
          choice={choice}
          values={values}
          readOnly={!may}
          onChoice={setChoice}
          onValues={setValues}
        />
      ) : (
        !catalogue.error && !inherited.error && <Loading what="checks" />
      )}
      {fault && <p role="alert" className="bad">{fault}</p>}
      <ErrorBar what="The profile was not saved" error={create.error ?? save.error} kept="What you entered is kept here." />
      {save.isSuccess && <p role="status">Saved. Devices run it at their next contact.</p>}
      {may && (
        <div className="row">
          <Button type="submit" appearance="primary" disabled={!ready}>{of ? 'Save' : 'Make the profile'}</Button>
          {!of && <Button onClick={() => void navigate({ to: '/baselines' })}>Cancel</Button>}
        </div>
      )}
    </form>
  )
}
