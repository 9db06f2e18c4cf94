import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query'
import { Language, type SchemaDocument } from '../../lib/explore/language'
import type { Answer } from '../../lib/explore/answer'
import type { Json } from '../../lib/explore/document'
import { api, unwrap } from '../client'

/** A question that is ready to be asked. */
export interface Template {
  name: string
  title: string
  description: string
  group: string
  link: string
}

/** What can be asked; it changes only with the server. */
export const exploreSchemaQuery = queryOptions({
  queryKey: ['explore-schema'],
  queryFn: async ({ signal }) => {
    const { schema, templates } = await unwrap(api.GET('/api/v1/explore/schema', { signal }))
    return { language: new Language(schema as unknown as SchemaDocument), templates: templates as Template[] }
  },
  // The language is no plain data to be compared with what was there before.
  structuralSharing: false,
  staleTime: Infinity,
})

interface Asked {
  limit: number
  after?: string
  listed?: number
  signal?: AbortSignal
}

/** Asks a link or a document; the contract leaves rows and columns open, `Answer` says what they are. */
export async function ask(question: { link: string } | { query: Json }, { signal, ...page }: Asked): Promise<Answer> {
  const body = { ...('link' in question ? { link: question.link } : { query: question.query as Record<string, never> }), ...page }
  return (await unwrap(api.POST('/api/v1/explore', { body, signal }))) as unknown as Answer
}

export const PAGE = 200

/** The rows of a link, page by page. Each time leaves an entry in the audit log, so it is asked only when somebody asks. */
export const exploreQuery = (link: string) =>
  infiniteQueryOptions({
    queryKey: ['explore', link],
    queryFn: ({ pageParam, signal }) => ask({ link }, { limit: PAGE, after: pageParam ?? undefined, signal }),
    initialPageParam: null as string | null,
    getNextPageParam: (last: Answer) => last.next,
    retry: false,
    staleTime: 60_000,
    refetchOnWindowFocus: false,
  })

/** One row with more of what it lists: a question that is narrowed to its name. */
export const exploreRowQuery = (query: Json, key: string) =>
  queryOptions({
    queryKey: ['explore-row', JSON.stringify(query), key],
    queryFn: ({ signal }) => ask({ query }, { limit: 100, listed: 100, signal }),
    retry: false,
    staleTime: 60_000,
    refetchOnWindowFocus: false,
  })

/** All rows as CSV. */
export const exploreCsv = (link: string): Promise<string> =>
  unwrap(api.GET('/api/v1/explore/csv', { params: { query: { link } }, parseAs: 'text' })) as Promise<string>

/** All rows as one document, page by page; `told` hears how many there are so far. */
export async function exploreJson(link: string, told: (rows: number) => void): Promise<string> {
  let page = await ask({ link }, { limit: 1000 })
  const { count, columns, missing, query, rows } = page
  while (page.next) {
    told(rows.length)
    page = await ask({ link }, { limit: 1000, after: page.next })
    rows.push(...page.rows)
  }
  return JSON.stringify({ query, link, count, columns, missing, rows }, null, 2)
}
