import { Link } from '@tanstack/react-router'
import { lazy, Suspense, useRef, useState } from 'react'
import { ErrorBar } from '../../components/ErrorBar'
import { PageHeader } from '../../components/PageHeader'
import { Loading } from '../../components/states'
import type { EditorHandle } from './editor/QueryEditor'
import { type Deed, HuntingPanels } from './HuntingPanels'
import { functionPanel, tablePanel } from './panel'
import { Problems } from './Problems'
import { ResultView } from './ResultView'
import { RunBar } from './RunBar'
import { ShareButton } from './ShareButton'
import { Shelf } from './shelf/Shelf'
import { useHunting } from './useHunting'
import { useSavedTools } from './useSavedTools'
import './hunting.css'

const QueryEditor = lazy(() => import('./editor/QueryEditor'))

/** Editor above, result below, what is kept and the schema beside. */
export function HuntingPage() {
  const { search, change, run, text, setText, runText, open, deadline, link } = useHunting()
  const editor = useRef<EditorHandle>(null)
  const [deed, setDeed] = useState<Deed>()
  const saved = useSavedTools({ text, id: search.saved, onSaved: (one) => change({ saved: one.id }), onText: setText })
  const insert = (word: string) => editor.current?.insert(word)
  const showPanel = (panel: string) => change({ panel, row: undefined })

  return (
    <div className="page hunting">
      <PageHeader title="Hunting" actions={<PageLinks />} />
      <div className="hunting-grid">
        <Shelf
          shelf={search.shelf ?? 'tables'}
          onShelf={(shelf) => change({ shelf: shelf === 'tables' ? undefined : shelf })}
          onPick={(query) => { open(query); editor.current?.focus() }}
          onInsert={insert}
          onTable={(name) => showPanel(tablePanel(name))}
          onNewFunction={() => showPanel('new-function')}
          onEditFunction={(name) => showPanel(functionPanel(name))}
          onDeleteFunction={(name) => setDeed({ kind: 'delete-function', name })}
          saved={search.saved}
          onOpenSaved={(one) => { open(one.query, one.id); editor.current?.focus() }}
          onEditSaved={(one) => setDeed({ kind: 'edit-saved', saved: one })}
          onDeleteSaved={(one) => setDeed({ kind: 'delete-saved', saved: one })}
        />
        <section className="hunting-work" aria-label="Query and result">
          <RunBar
            running={run.query.fetchStatus === 'fetching'}
            deadline={deadline}
            onDeadline={(seconds) => change({ deadline: seconds === 60 ? undefined : seconds })}
            onRun={() => runText(text, editor.current?.selection())}
            onCancel={run.cancel}
            onFormat={() => editor.current?.format()}
          >
            {saved.buttons}
            <ShareButton text={text} deadline={deadline} />
          </RunBar>
          {saved.below}
          {search.link && <ErrorBar what="The link could not be opened" error={link.error} retry={() => void link.refetch()} />}
          <div className="editor-frame">
            <Suspense fallback={<Loading what="the editor" rows={4} />}>
              <QueryEditor ref={editor} value={text} onChange={setText} onRun={runText} onName={(name) => showPanel(tablePanel(name))} />
            </Suspense>
          </div>
          <Problems text={text} onReplace={(found, word) => editor.current?.replace(found, word)} onShow={(found) => editor.current?.show(found)} />
          <ResultView run={run} search={search} onChange={change} deadline={deadline} />
        </section>
      </div>
      <HuntingPanels search={search} onChange={change} text={text} deed={deed} onDeed={setDeed} onInsert={insert} />
    </div>
  )
}

function PageLinks() {
  return (
    <nav className="row hide-narrow" aria-label="More of hunting">
      <Link className="link" to="/hunting/files">Files</Link>
      <Link className="link" to="/hunting/exports">Scheduled exports</Link>
    </nav>
  )
}
