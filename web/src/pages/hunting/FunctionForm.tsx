import { Button, Field, Input, Textarea } from '@fluentui/react-components'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { functionQuery, type FunctionDraft, functionsQuery, useSaveFunction } from '../../api/queries/huntingFunctions'
import type { HuntingFunction } from '../../api/types'
import { ErrorBar } from '../../components/ErrorBar'
import { Instant } from '../../components/Instant'
import { folderNames } from '../../lib/folders'
import { ConflictBar, isConflict } from './ConflictBar'
import { diagnosticsOf } from './diagnostics'
import { FolderField } from './FolderField'
import { nameFault } from './functionText'

interface Props {
  /** As it was read; undefined for a new one. */
  present: HuntingFunction | undefined
  draft: FunctionDraft
  onClose: () => void
  onSaved: (name: string) => void
}

/** What a function is called, takes and does. It is compiled before it is saved. */
export function FunctionForm({ present, draft: first, onClose, onSaved }: Props) {
  const [draft, setDraft] = useState(first)
  const [tried, setTried] = useState(false)
  const [theirs, setTheirs] = useState<HuntingFunction>()
  const save = useSaveFunction()
  const client = useQueryClient()
  const folders = folderNames(useQuery(functionsQuery).data ?? [])
  const set = (next: Partial<FunctionDraft>) => setDraft((old) => ({ ...old, ...next }))
  const fault = nameFault(draft.name)
  const conflict = isConflict(save.error)

  const send = (what: FunctionDraft) =>
    save.mutate(what, {
      onSuccess: (saved) => onSaved(saved.name),
      onError: (error) => {
        if (isConflict(error)) void client.fetchQuery({ ...functionQuery(what.name), staleTime: 0 }).then(setTheirs, () => setTheirs(undefined))
      },
    })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    setTried(true)
    if (!fault && draft.body.trim()) send({ ...draft, parameters: draft.parameters.trim() || '()' })
  }
  const take = () => {
    if (!theirs) return
    const { name, folder, description, parameters, body, revision } = theirs
    setDraft({ name, folder, description, parameters, body, revision })
    save.reset()
  }

  return (
    <form className="stack" onSubmit={submit}>
      {present ? (
        <p className="muted small">Revision {present.revision}, saved by {present.updated_by} <Instant at={present.updated_at} show="age" />. Who uses it gets the new one at once.</p>
      ) : (
        <Field label="Name" required validationMessage={tried ? fault : undefined}>
          <Input value={draft.name} maxLength={128} onChange={(_, d) => set({ name: d.value })} />
        </Field>
      )}
      <FolderField value={draft.folder} folders={folders} onChange={(folder) => set({ folder })} />
      <Field label="Description"><Textarea value={draft.description} maxLength={2000} onChange={(_, d) => set({ description: d.value })} /></Field>
      <Field label="Parameters" hint="For example (ip:string, days:long = 7); () for none.">
        <Input className="mono" value={draft.parameters} onChange={(_, d) => set({ parameters: d.value })} />
      </Field>
      <Field label="Body" required validationMessage={tried && !draft.body.trim() ? 'Write what it does.' : undefined}>
        <Textarea className="mono" rows={10} resize="vertical" spellCheck={false} value={draft.body} onChange={(_, d) => set({ body: d.value })} />
      </Field>
      {conflict ? (
        <ConflictBar theirs={theirs} onTake={take} onReplace={() => theirs && send({ ...draft, revision: theirs.revision })} />
      ) : (
        <>
          <ErrorBar what="The function was not saved" error={save.error} kept="What you wrote is kept here." />
          <ul className="problems" aria-label="Problems in the body">
            {diagnosticsOf(save.error).slice(0, 4).map((one, index) => <li key={index}>Line {one.line}, column {one.column}: {one.message}{one.suggestion && `. ${one.suggestion}`}</li>)}
          </ul>
        </>
      )}
      <div className="row">
        <Button type="submit" appearance="primary" disabled={save.isPending}>Save</Button>
        <Button onClick={onClose}>Cancel</Button>
      </div>
    </form>
  )
}
