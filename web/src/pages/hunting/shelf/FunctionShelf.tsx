import { Button, Menu, MenuItem, MenuList, MenuPopover, MenuTrigger, SearchBox } from '@fluentui/react-components'
import { AddRegular, MoreHorizontalRegular } from '@fluentui/react-icons'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { functionsQuery } from '../../../api/queries/huntingFunctions'
import type { HuntingFunction } from '../../../api/types'
import { ErrorState, Loading } from '../../../components/states'
import { folderTree, matching } from '../../../lib/folders'
import { callOf, textOf } from '../functionText'
import { FolderList } from './FolderList'

interface Props {
  onInsert: (text: string) => void
  onPick: (query: string) => void
  onEdit: (name: string) => void
  onDelete: (name: string) => void
  onNew: () => void
}

/** The tenant's own functions. */
export function FunctionShelf({ onInsert, onPick, onEdit, onDelete, onNew }: Props) {
  const functions = useQuery(functionsQuery)
  const [words, setWords] = useState('')
  if (functions.isPending) return <Loading what="the functions" />
  if (!functions.data) return <ErrorState what="The functions could not be read" error={functions.error} kept="Queries that use them go on working." retry={() => void functions.refetch()} />
  const shown = matching(functions.data, words)
  return (
    <div className="schema">
      <Button size="small" icon={<AddRegular />} onClick={onNew}>New function</Button>
      {functions.data.length > 0 && <SearchBox size="small" aria-label="Search functions" placeholder="Function" value={words} onChange={(_, d) => setWords(d.value)} />}
      <FolderList folder={folderTree(shown)} open={words !== ''} item={(one) => <FunctionEntry one={one} onInsert={onInsert} onPick={onPick} onEdit={onEdit} onDelete={onDelete} />} />
      {functions.data.length === 0 ? (
        <p className="muted small">A function keeps a part of a query under a name. Everybody here can then write the name in place of it.</p>
      ) : (
        shown.length === 0 && <p className="muted small">No function has these words.</p>
      )}
    </div>
  )
}

function FunctionEntry({ one, onInsert, onPick, onEdit, onDelete }: { one: HuntingFunction } & Omit<Props, 'onNew'>) {
  return (
    <>
      <button type="button" className="pick" title={`${one.description || 'No description'}\nInserts ${callOf(one)}`} onClick={() => onInsert(callOf(one))}>
        <span className="break"><b>{one.name}</b><span className="muted mono">{one.parameters}</span></span>
        {one.description && <span className="muted clip">{one.description}</span>}
      </button>
      <Menu>
        <MenuTrigger disableButtonEnhancement><Button size="small" appearance="subtle" icon={<MoreHorizontalRegular />} aria-label={`What to do with ${one.name}`} /></MenuTrigger>
        <MenuPopover>
          <MenuList>
            <MenuItem onClick={() => onInsert(callOf(one))}>Insert</MenuItem>
            <MenuItem onClick={() => onPick(textOf(one))}>Open in the editor</MenuItem>
            <MenuItem onClick={() => onEdit(one.name)}>Edit</MenuItem>
            <MenuItem onClick={() => onDelete(one.name)}>Delete</MenuItem>
          </MenuList>
        </MenuPopover>
      </Menu>
    </>
  )
}
