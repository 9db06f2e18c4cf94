import { Button, Field, Textarea } from '@fluentui/react-components'
import { type FormEvent, useState } from 'react'
import { useMay } from '../../api/queries/session'
import { useMachineTags } from '../../api/queries/verbs'
import type { Machine } from '../../api/types'
import { ErrorBar } from '../../components/ErrorBar'
import { tagsOf, tagsText } from './tags'

/** The tags of a machine; what a cloud says comes again with its next listing. */
export function MachineTags({ machine }: { machine: Machine }) {
  const may = useMay('machines.operate')
  const save = useMachineTags()
  const before = tagsText(machine.tags)
  const [text, setText] = useState(before)
  const tags = tagsOf(text)
  if (!may) return null
  const submit = (event: FormEvent) => {
    event.preventDefault()
    if (tags) save.mutate({ id: machine.id, tags })
  }
  return (
    <form className="card" onSubmit={submit} aria-label="Tags">
      <h2 className="card-title">Tags</h2>
      <Field
        label="One a line: key, or key=value"
        hint="Device groups and exclusions can go by them."
        validationState={tags ? 'none' : 'error'}
        validationMessage={tags ? undefined : 'A line has no key, or a key is there twice.'}
      >
        <Textarea value={text} maxLength={10_000} onChange={(_, d) => setText(d.value)} />
      </Field>
      <ErrorBar what="The tags were not saved" error={save.error} kept="What you typed is kept here." />
      <div className="row">
        <Button type="submit" appearance="primary" disabled={!tags || text === before || save.isPending}>Save the tags</Button>
        <Button disabled={text === before} onClick={() => setText(before)}>Undo</Button>
      </div>
    </form>
  )
}
