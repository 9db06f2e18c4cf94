import { useNavigate, useSearch } from '@tanstack/react-router'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useCallback, useEffect, useRef, useState } from 'react'
import { HISTORY, linkQuery } from '../../api/queries/huntingHistory'
import type { HuntingSearch } from '../../lib/search'
import { asksForChart, NO_CHOICE } from './chart/choice'
import { keepDraft, keptDraft } from './draft'
import { linkDeadline } from './links'
import { FIRST_QUERY } from './samples'
import { useRun } from './useRun'

/** What goes when another query is shown. */
const FRESH = { ...NO_CHOICE, sort: undefined, row: undefined } satisfies Partial<HuntingSearch>

/** The text, its run and the address, which say the same. */
export function useHunting() {
  const search = useSearch({ from: '/inside/hunting' })
  const navigate = useNavigate({ from: '/hunting' })
  const client = useQueryClient()
  const run = useRun()
  const [text, setText] = useState(() => (search.link ? '' : (keptDraft(search.q) ?? search.q ?? FIRST_QUERY)))
  const link = useQuery(linkQuery(search.link))
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
      const fresh = whole !== search.q && asksForChart(query) ? NO_CHOICE : { technique: undefined }
      change({ q: whole, run: true, sort: undefined, row: undefined, link: undefined, ...fresh }, whole !== search.q)
      start(query, deadline, whole)
    },
    [change, start, deadline, search.q],
  )
  /** Another text in the editor, not run yet: a saved query, or whatever was picked. */
  const open = useCallback(
    (query: string, saved?: string) => {
      setText(query)
      if (saved) change({ ...FRESH, q: query, saved, run: undefined, link: undefined }, true)
      else change({ saved: undefined, link: undefined })
    },
    [change],
  )

  useEffect(() => {
    if (!search.link) keepDraft(search.q, text)
  }, [search.link, search.q, text])

  // A link becomes the query that it stands for; nobody else's query runs without a person.
  useEffect(() => {
    if (!link.data) return
    setText(link.data.query)
    change({ ...FRESH, q: link.data.query, deadline: linkDeadline(link.data.deadline_s), link: undefined, saved: undefined, run: undefined })
  }, [link.data, change])

  // The address says what is shown: a link with run=true runs once, Back brings the text back.
  useEffect(() => {
    if (search.q === undefined) return
    // On opening, the kept draft of this query stays; a new address brings its own text.
    if (shown.current !== search.q) setText(search.q)
    shown.current = search.q
    if (search.run && run.request?.whole !== search.q) start(search.q, deadline)
    // The deadline alone runs nothing.
  }, [search.q, search.run])

  // What ended is in the list of what was run.
  const ended = run.query.fetchStatus === 'idle' && run.request !== undefined
  useEffect(() => {
    if (ended) void client.invalidateQueries({ queryKey: HISTORY })
  }, [ended, run.request?.id, client])

  return { search, change, run, text, setText, runText, open, deadline, link }
}
