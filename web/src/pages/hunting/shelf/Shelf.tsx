import { Tab, TabList } from '@fluentui/react-components'
import type { SavedQuery } from '../../../api/types'
import type { HuntingSearch } from '../../../lib/search'
import { SAMPLES } from '../samples'
import { FunctionShelf } from './FunctionShelf'
import { RecentShelf } from './RecentShelf'
import { SavedShelf } from './SavedShelf'
import { SchemaBrowser } from './SchemaBrowser'

export type ShelfName = 'tables' | NonNullable<HuntingSearch['shelf']>

export interface ShelfProps {
  shelf: ShelfName
  onShelf: (shelf: ShelfName) => void
  /** Puts a query into the editor. */
  onPick: (query: string) => void
  onInsert: (word: string) => void
  onTable: (name: string) => void
  onNewFunction: () => void
  onEditFunction: (name: string) => void
  onDeleteFunction: (name: string) => void
  saved: string | undefined
  onOpenSaved: (saved: SavedQuery) => void
  onEditSaved: (saved: SavedQuery) => void
  onDeleteSaved: (saved: SavedQuery) => void
}

/** Beside the editor: tables, functions, saved queries, what was run, and samples to begin with. */
export function Shelf(props: ShelfProps) {
  const { shelf, onShelf, onPick, onInsert } = props
  return (
    <aside className="library hide-narrow" aria-label="Tables, functions and queries">
      <TabList size="small" className="shelf-tabs" selectedValue={shelf} onTabSelect={(_, d) => onShelf(d.value as ShelfName)}>
        <Tab value="tables">Tables</Tab>
        <Tab value="functions">Functions</Tab>
        <Tab value="saved">Saved</Tab>
        <Tab value="recent">Recent</Tab>
        <Tab value="samples">Samples</Tab>
      </TabList>
      <div className="library-body">
        {shelf === 'tables' && <SchemaBrowser onInsert={onInsert} onTable={props.onTable} />}
        {shelf === 'functions' && <FunctionShelf onInsert={onInsert} onPick={onPick} onNew={props.onNewFunction} onEdit={props.onEditFunction} onDelete={props.onDeleteFunction} />}
        {shelf === 'saved' && <SavedShelf opened={props.saved} onOpen={props.onOpenSaved} onEdit={props.onEditSaved} onDelete={props.onDeleteSaved} />}
        {shelf === 'recent' && <RecentShelf onPick={onPick} />}
        {shelf === 'samples' && (
          <ul className="picks">
            {SAMPLES.map((sample) => (
              <li key={sample.title}>
                <button type="button" className="pick" onClick={() => onPick(sample.query)}>
                  <b>{sample.title}</b>
                  <span className="mono muted">{sample.query.split('\n')[0]}</span>
                </button>
              </li>
            ))}
          </ul>
        )}
      </div>
    </aside>
  )
}
