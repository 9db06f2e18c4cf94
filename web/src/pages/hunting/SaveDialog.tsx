import { Button, Dialog, DialogActions, DialogBody, DialogContent, DialogSurface, DialogTitle, Field, Input, Switch, Textarea } from '@fluentui/react-components'
import { useQuery } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { type SavedDraft, savedQueriesQuery, useSaveQuery } from '../../api/queries/savedQueries'
import type { SavedQuery } from '../../api/types'
import { ErrorBar } from '../../components/ErrorBar'
import { folderNames } from '../../lib/folders'
import { FolderField } from './FolderField'

/** Keeps a query under a name, or changes the name, folder and description of one. */
export function SaveDialog({ title, draft: first, onSaved, onClose }: { title: string; draft: SavedDraft; onSaved: (saved: SavedQuery) => void; onClose: () => void }) {
  const [draft, setDraft] = useState(first)
  const save = useSaveQuery()
  const folders = folderNames(useQuery(savedQueriesQuery).data ?? [])
  const set = (next: Partial<SavedDraft>) => setDraft((old) => ({ ...old, ...next }))
  const submit = (event: FormEvent) => {
    event.preventDefault()
    save.mutate({ ...draft, name: draft.name.trim() }, { onSuccess: onSaved })
  }
  return (
    <Dialog open onOpenChange={(_, data) => !data.open && onClose()}>
      <DialogSurface>
        <form onSubmit={submit}>
          <DialogBody>
            <DialogTitle>{title}</DialogTitle>
            <DialogContent className="stack">
              <Field label="Name" required><Input value={draft.name} maxLength={200} onChange={(_, d) => set({ name: d.value })} /></Field>
              <FolderField value={draft.folder} folders={folders} onChange={(folder) => set({ folder })} />
              <Field label="Description"><Textarea value={draft.description} maxLength={2000} onChange={(_, d) => set({ description: d.value })} /></Field>
              <Switch label="Shared: everybody here sees and opens it" checked={draft.shared} onChange={(_, d) => set({ shared: d.checked })} />
              <ErrorBar what="The query was not saved" error={save.error} kept="Its text is kept in the editor." />
            </DialogContent>
            <DialogActions>
              <Button onClick={onClose}>Cancel</Button>
              <Button type="submit" appearance="primary" disabled={save.isPending || !draft.name.trim()}>Save</Button>
            </DialogActions>
          </DialogBody>
        </form>
      </DialogSurface>
    </Dialog>
  )
}
