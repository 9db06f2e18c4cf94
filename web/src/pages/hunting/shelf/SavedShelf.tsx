import { Button, Menu, MenuItem, MenuList, MenuPopover, MenuTrigger, SearchBox } from '@fluentui/react-components'
import { MoreHorizontalRegular, PeopleRegular } from '@fluentui/react-icons'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { savedQueriesQuery } from '../../../api/queries/savedQueries'
import { useSession } from '../../../api/queries/session'
import type { SavedQuery } from '../../../api/types'
import { ErrorState, Loading } from '../../../components/states'
import { folderTree, matching } from '../../../lib/folders'
import { isMine } from '../saved'
import { FolderList } from './FolderList'

interface Props {
  /** The one that is open in the editor. */
  opened: string | undefined
  onOpen: (saved: SavedQuery) => void
  onEdit: (saved: SavedQuery) => void
  onDelete: (saved: SavedQuery) => void
}

/** Queries that the reader keeps, and those that others share. */
export function SavedShelf({ opened, onOpen, onEdit, onDelete }: Props) {
  const saved = useQuery(savedQueriesQuery)
  const user = useSession().data?.user
  const [words, setWords] = useState('')
  if (saved.isPending) return <Loading what="the saved queries" />
  if (!saved.data) return <ErrorState what="The saved queries could not be read" error={saved.error} kept="They are kept on the server." retry={() => void saved.refetch()} />
  if (saved.data.length === 0) return <p className="muted small">“Save as” above the editor keeps a query here, for you alone or for everybody.</p>
  const shown = matching(saved.data, words)
  const groups = [
    { title: 'Mine', items: shown.filter((one) => isMine(one, user)) },
    { title: 'Shared by others', items: shown.filter((one) => !isMine(one, user)) },
  ]
  return (
    <div className="schema">
      <SearchBox size="small" aria-label="Search saved queries" placeholder="Saved query" value={words} onChange={(_, d) => setWords(d.value)} />
      {groups.map(({ title, items }) =>
        items.length === 0 ? null : (
          <section key={title} aria-label={title}>
            <h2 className="shelf-title">{title}</h2>
            <FolderList
              folder={folderTree(items)}
              open={words !== ''}
              item={(one) => (
                <>
                  <button type="button" className="pick" aria-current={one.id === opened || undefined} title={one.query} onClick={() => onOpen(one)}>
                    <span className="row"><b className="break grow">{one.name}</b>{one.shared && <PeopleRegular aria-label="Shared" />}</span>
                    {one.description && <span className="muted clip">{one.description}</span>}
                  </button>
                  <Menu>
                    <MenuTrigger disableButtonEnhancement><Button size="small" appearance="subtle" icon={<MoreHorizontalRegular />} aria-label={`What to do with ${one.name}`} /></MenuTrigger>
                    <MenuPopover>
                      <MenuList>
                        <MenuItem onClick={() => onOpen(one)}>Open</MenuItem>
                        {isMine(one, user) && <MenuItem onClick={() => onEdit(one)}>Name, folder and sharing</MenuItem>}
                        {isMine(one, user) && <MenuItem onClick={() => onDelete(one)}>Delete</MenuItem>}
                      </MenuList>
                    </MenuPopover>
                  </Menu>
                </>
              )}
            />
          </section>
        ),
      )}
      {shown.length === 0 && <p className="muted small">No saved query has these words.</p>}
    </div>
  )
}
