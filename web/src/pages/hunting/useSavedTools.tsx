import { Button } from '@fluentui/react-components'
import { SaveCopyRegular, SaveRegular } from '@fluentui/react-icons'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { savedQuery, useSaveQuery } from '../../api/queries/savedQueries'
import { useSession } from '../../api/queries/session'
import type { SavedQuery } from '../../api/types'
import { ErrorBar } from '../../components/ErrorBar'
import { ConflictBar, isConflict } from './ConflictBar'
import { isMine } from './saved'
import { SaveDialog } from './SaveDialog'

interface Props {
  text: string
  /** The saved query that is open. */
  id: string | undefined
  onSaved: (saved: SavedQuery) => void
  onText: (text: string) => void
}

/** Saves the text: over the saved query that is open, or as another. */
export function useSavedTools({ text, id, onSaved, onText }: Props) {
  const client = useQueryClient()
  const present = useQuery({ ...savedQuery(id ?? ''), enabled: id !== undefined })
  const user = useSession().data?.user
  const save = useSaveQuery()
  const [saving, setSaving] = useState(false)
  const [theirs, setTheirs] = useState<SavedQuery>()
  const opened = id === undefined ? undefined : present.data
  const mine = opened !== undefined && isMine(opened, user)

  const send = (revision: number) => {
    if (!opened) return
    const { name, folder, description, shared } = opened
    save.mutate(
      { id: opened.id, name, folder, description, shared, query: text, revision },
      { onError: (error) => { if (isConflict(error)) void client.fetchQuery({ ...savedQuery(opened.id), staleTime: 0 }).then(setTheirs, () => setTheirs(undefined)) } },
    )
  }
  const take = () => {
    if (theirs) onText(theirs.query)
    save.reset()
  }

  const buttons = (
    <>
      {opened && <span className="small saved-name" title={opened.description}>{opened.name}{text !== opened.query && ' (changed)'}</span>}
      {mine && <Button appearance="subtle" icon={<SaveRegular />} disabled={save.isPending || text === opened.query || !text.trim()} onClick={() => send(opened.revision)}>Save</Button>}
      <Button appearance="subtle" icon={<SaveCopyRegular />} disabled={!text.trim()} onClick={() => setSaving(true)}>Save as</Button>
    </>
  )
  const below = (
    <>
      {id !== undefined && <ErrorBar what="The saved query could not be read" error={present.error} kept="The text in the editor is kept." />}
      {isConflict(save.error) ? (
        <ConflictBar theirs={theirs} onTake={take} onReplace={() => theirs && send(theirs.revision)} />
      ) : (
        <ErrorBar what="The query was not saved" error={save.error} kept="Its text is kept in the editor." />
      )}
      {saving && (
        <SaveDialog
          title="Save the query"
          draft={{ name: opened?.name ?? '', folder: opened?.folder ?? '', description: opened?.description ?? '', shared: false, query: text }}
          onSaved={(saved) => { setSaving(false); onSaved(saved) }}
          onClose={() => setSaving(false)}
        />
      )}
    </>
  )
  return { buttons, below }
}
