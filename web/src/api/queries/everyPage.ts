/** The most that is read of a list that is shown as a whole. */
const MOST = 10_000

/** All items of a list, page by page; for lists that people write themselves and that stay short. */
export async function everyPage<T>(read: (cursor: string | undefined) => Promise<{ items: T[]; next_cursor?: string | null }>): Promise<T[]> {
  const items: T[] = []
  let cursor: string | undefined
  do {
    const page = await read(cursor)
    items.push(...page.items)
    cursor = page.next_cursor ?? undefined
  } while (cursor && items.length < MOST)
  return items
}
