import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { useCallback, useMemo, useRef } from 'react'
import { ask, exploreQuery, PAGE } from '../../api/queries/explore'
import { asApiError } from '../../api/errors'
import { check, type Problem } from '../../lib/explore/check'
import { type Json, read, write } from '../../lib/explore/document'
import { blank } from '../../lib/explore/edit'
import type { Language } from '../../lib/explore/language'
import { fromLink, toLink } from '../../lib/explore/link'
import { useSearchText } from '../../lib/hooks'
import type { ExplorerSearch } from '../../lib/search'

/** A link's text for people; a text that is no JSON stays as it is. */
function textOf(link: string): string {
  const text = fromLink(link) ?? ''
  const { document } = read(text)
  return document === undefined ? text : write(document)
}

/**
 * The question of the page: its text in the builder, and the link whose rows are shown. Both live in the
 * address. The text is what counts; builder and JSON are two views of it, so that going between them changes
 * nothing.
 */
export function useQuestion(language: Language) {
  const search = useSearch({ from: '/inside/explorer' })
  const navigate = useNavigate({ from: '/explorer' })
  const client = useQueryClient()
  const empty = useMemo(() => write(blank(language)), [language])
  const base = useMemo(() => (search.link ? textOf(search.link) : empty), [search.link, empty])
  const kept = search.draft === undefined ? base : (fromLink(search.draft) ?? '')

  const change = useCallback(
    (next: Partial<ExplorerSearch>, push = false) => void navigate({ search: (old) => ({ ...old, ...next }), replace: !push }),
    [navigate],
  )
  const [text, setText] = useSearchText(kept, (rested) => change({ draft: rested === base ? undefined : toLink(rested) }), 300)
  const latest = useRef(text)
  latest.current = text

  const asking = useMutation({
    mutationFn: ({ document }: { text: string; document: Json }) => ask({ query: document }, { limit: PAGE }),
    onSuccess: (answer, asked) => {
      client.setQueryData(exploreQuery(answer.link).queryKey, { pages: [answer], pageParams: [null] })
      // What was written since it was asked stays.
      const draft = latest.current === asked.text ? undefined : toLink(latest.current)
      change({ link: answer.link, draft, open: undefined, view: search.view === 'templates' ? undefined : search.view }, answer.link !== search.link)
    },
  })

  const document = useMemo(() => read(text), [text])
  const problems = useMemo(() => (document.document === undefined ? [] : check(document.document, language)), [document, language])
  const refused = asking.isError && asking.variables.text === text ? asking.error : undefined

  return {
    search,
    change,
    text,
    setText,
    setDocument: useCallback((next: Json) => setText(write(next)), [setText]),
    /** Back to the question whose rows are shown, or to none. */
    revert: useCallback(() => setText(base), [setText, base]),
    changed: text !== base,
    empty: text === empty,
    read: document,
    problems,
    /** Why the server did not answer what is written now. */
    refused,
    ask: () => document.document !== undefined && asking.mutate({ text, document: document.document }),
    asking: asking.isPending,
  }
}
export type Question = ReturnType<typeof useQuestion>

/** What the server says is wrong, at the place that it names. */
export function problemOf(error: unknown): Problem | undefined {
  if (!error) return undefined
  const { code, message, details } = asApiError(error)
  const pointer = (details as { pointer?: unknown } | null | undefined)?.pointer
  return typeof pointer === 'string' ? { code, message, pointer } : undefined
}
