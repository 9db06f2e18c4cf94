import { Button, Tab, TabList } from '@fluentui/react-components'
import { Instant } from '../../components/Instant'
import { forgetAll, useRecent } from './history'
import { SAMPLES } from './samples'
import { SchemaBrowser } from './SchemaBrowser'

export type Shelf = 'tables' | 'samples' | 'recent'

interface Props {
  shelf: Shelf
  onShelf: (shelf: Shelf) => void
  onPick: (query: string) => void
  onInsert: (word: string) => void
}

/** Beside the editor: the tables, samples to begin with, and what was run here. */
export function Library({ shelf, onShelf, onPick, onInsert }: Props) {
  return (
    <aside className="library hide-narrow" aria-label="Tables, samples and recent queries">
      <TabList size="small" selectedValue={shelf} onTabSelect={(_, d) => onShelf(d.value as Shelf)}>
        <Tab value="tables">Tables</Tab>
        <Tab value="samples">Samples</Tab>
        <Tab value="recent">Recent</Tab>
      </TabList>
      <div className="library-body">
        {shelf === 'tables' && <SchemaBrowser onInsert={onInsert} />}
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
        {shelf === 'recent' && <RecentList onPick={onPick} />}
      </div>
    </aside>
  )
}

function RecentList({ onPick }: { onPick: (query: string) => void }) {
  const recent = useRecent()
  if (recent.length === 0) return <p className="muted small">Queries that you run are kept here, in this browser only.</p>
  return (
    <>
      <ul className="picks">
        {recent.map((one) => (
          <li key={one.at}>
            <button type="button" className="pick" onClick={() => onPick(one.query)} title={one.query}>
              <span className="mono recent-text">{one.query}</span>
              <span className="muted small"><Instant at={one.at} show="age" /></span>
            </button>
          </li>
        ))}
      </ul>
      <Button size="small" appearance="subtle" onClick={forgetAll}>Forget all</Button>
    </>
  )
}
