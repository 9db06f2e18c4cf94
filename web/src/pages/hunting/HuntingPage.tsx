import { useNavigate, useSearch } from '@tanstack/react-router'
import { lazy, Suspense, useCallback, useEffect, useRef, useState } from 'react'
import { PageHeader } from '../../components/PageHeader'
import { Loading } from '../../components/states'
import type { HuntingSearch } from '../../lib/search'
import type { EditorHandle } from './editor/QueryEditor'
import { asksForChart, NO_CHOICE } from './chart/choice'
import { keepDraft, keptDraft } from './draft'
import { remember } from './history'
import { Library } from './Library'
import { Problems } from './Problems'
import { ResultView } from './ResultView'
import { RunBar } from './RunBar'
import { FIRST_QUERY } from './samples'
import { useRun } from './useRun'
import './hunting.css'

const QueryEditor = lazy(() => import('./editor/QueryEditor'))

/** Editor above, result below, samples and the schema beside. */
export function HuntingPage() {
  const search = useSearch({ from: '/inside/hunting' })
  const navigate = useNavigate({ from: '/hunting' })
  const run = useRun()
  const editor = useRef<EditorHandle>(null)
  const [text, setText] = useState(() => keptDraft(search.q) ?? search.q ?? FIRST_QUERY)
  const deadline = search.deadline ?? 60
  const { start } = run
  const shown = useRef(search.q)

  const change = useCallback(
    (next: Partial<HuntingSearch>, push = false) => void navigate({ search: (old) => ({ ...old, ...next }), replace: !push }),
    [navigate],
  )
  const runText = useCallback(
    (whole: string, selection?: string) => {
      const query = selection?.trim() ? selection : whole
      if (!query.trim()) return
      remember(query)
      const fresh = whole !== search.q && asksForChart(query) ? NO_CHOICE : { technique: undefined }
      change({ q: whole, run: true, sort: undefined, row: undefined, ...fresh }, whole !== search.q)
      start(query, deadline, whole)
    },
    [change, start, deadline, search.q],
  )

  useEffect(() => keepDraft(search.q, text), [search.q, text])

  // The address says what is shown: a link with run=true runs once, Back brings the text back.
  useEffect(() => {
    if (search.q === undefined) return
    // On opening, the kept draft of this query stays; a new address brings its own text.
    if (shown.current !== search.q) setText(search.q)
    shown.current = search.q
    if (search.run && run.request?.whole !== search.q) start(search.q, deadline)
    // The deadline alone runs nothing.
  }, [search.q, search.run])

  return (
    <div className="page hunting">
      <PageHeader title="Hunting" />
      <div className="hunting-grid">
        <Library
          shelf={search.shelf ?? 'tables'}
          onShelf={(shelf) => change({ shelf: shelf === 'tables' ? undefined : shelf })}
          onPick={(query) => { setText(query); editor.current?.focus() }}
          onInsert={(word) => editor.current?.insert(word)}
        />
        <section className="hunting-work" aria-label="Query and result">
          <RunBar
            running={run.query.fetchStatus === 'fetching'}
            deadline={deadline}
            onDeadline={(seconds) => change({ deadline: seconds === 60 ? undefined : seconds })}
            onRun={() => runText(text, editor.current?.selection())}
            onCancel={run.cancel}
          />
          <div className="editor-frame">
            <Suspense fallback={<Loading what="the editor" rows={4} />}>
              <QueryEditor ref={editor} value={text} onChange={setText} onRun={runText} />
            </Suspense>
          </div>
          <Problems text={text} onReplace={(found, word) => editor.current?.replace(found, word)} onShow={(found) => editor.current?.show(found)} />
          <ResultView run={run} search={search} onChange={change} deadline={deadline} />
        </section>
      </div>
    </div>
  )
}
