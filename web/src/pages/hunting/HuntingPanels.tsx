import { useQueryClient } from '@tanstack/react-query'
import { useRemoveFunction } from '../../api/queries/huntingFunctions'
import { savedQueriesQuery, useRemoveSavedQuery } from '../../api/queries/savedQueries'
import type { SavedQuery } from '../../api/types'
import { ConfirmDialog } from '../../components/ConfirmDialog'
import type { HuntingSearch } from '../../lib/search'
import { FunctionPanel } from './FunctionPanel'
import { functionPanel, panelOf } from './panel'
import { SaveDialog } from './SaveDialog'
import { TablePanel } from './TablePanel'

/** What somebody asked to do with something of the shelf. */
export type Deed = { kind: 'delete-function'; name: string } | { kind: 'delete-saved'; saved: SavedQuery } | { kind: 'edit-saved'; saved: SavedQuery }

interface Props {
  search: HuntingSearch
  onChange: (next: Partial<HuntingSearch>) => void
  text: string
  deed: Deed | undefined
  onDeed: (deed: Deed | undefined) => void
  onInsert: (word: string) => void
}

/** Panels and dialogs of the hunting page, of which one at most is open. */
export function HuntingPanels({ search, onChange, text, deed, onDeed, onInsert }: Props) {
  const client = useQueryClient()
  const removeFunction = useRemoveFunction()
  const removeSaved = useRemoveSavedQuery()
  const panel = panelOf(search.panel)
  const close = () => onChange({ panel: undefined })
  return (
    <>
      {panel?.kind === 'table' && <TablePanel name={panel.name} onClose={close} onInsert={onInsert} />}
      {(panel?.kind === 'function' || panel?.kind === 'new-function') && (
        <FunctionPanel
          key={search.panel}
          name={panel.kind === 'function' ? panel.name : undefined}
          body={text}
          onClose={close}
          onSaved={() => onChange({ panel: undefined, shelf: 'functions' })}
        />
      )}
      {deed?.kind === 'edit-saved' && (
        <SaveDialog
          title="Name, folder and sharing"
          draft={draftOf(client.getQueryData(savedQueriesQuery.queryKey)?.find((one) => one.id === deed.saved.id) ?? deed.saved)}
          onSaved={() => onDeed(undefined)}
          onClose={() => onDeed(undefined)}
        />
      )}
      <ConfirmDialog
        open={deed?.kind === 'delete-function'}
        title={`Delete the function ${deed?.kind === 'delete-function' ? deed.name : ''}?`}
        confirm="Delete"
        busy={removeFunction.isPending}
        error={removeFunction.error}
        onClose={() => { onDeed(undefined); removeFunction.reset() }}
        onConfirm={() => deed?.kind === 'delete-function' && removeFunction.mutate(deed.name, { onSuccess: () => { onDeed(undefined); if (search.panel === functionPanel(deed.name)) close() } })}
      >
        Queries, scheduled exports and functions that use it fail from then on, for everybody here.
      </ConfirmDialog>
      <ConfirmDialog
        open={deed?.kind === 'delete-saved'}
        title={`Delete “${deed?.kind === 'delete-saved' ? deed.saved.name : ''}”?`}
        confirm="Delete"
        busy={removeSaved.isPending}
        error={removeSaved.error}
        onClose={() => { onDeed(undefined); removeSaved.reset() }}
        onConfirm={() => deed?.kind === 'delete-saved' && removeSaved.mutate(deed.saved.id, { onSuccess: () => { onDeed(undefined); if (search.saved === deed.saved.id) onChange({ saved: undefined }) } })}
      >
        {deed?.kind === 'delete-saved' && deed.saved.shared ? 'Nobody here finds it any more.' : 'You do not find it any more.'} Links to its text go on working.
      </ConfirmDialog>
    </>
  )
}

function draftOf({ id, name, folder, description, query, shared, revision }: SavedQuery) {
  return { id, name, folder, description, query, shared, revision }
}
