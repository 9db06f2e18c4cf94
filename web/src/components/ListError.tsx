import type { PagedList } from '../lib/paging'
import { ErrorBar } from './ErrorBar'

/** A failure over rows that stay readable: the next page did not come, or what is shown may be old. */
export function ListError({ list, what }: { list: PagedList; what: string }) {
  if (!list.isError || !list.data) return null
  const more = list.isFetchNextPageError
  return (
    <ErrorBar
      what={more ? `More ${what} could not be read` : `The ${what} could not be read again`}
      error={list.error}
      kept={more ? 'Those above are kept.' : 'What you see may be old.'}
      retry={() => void (more ? list.fetchNextPage() : list.refetch())}
    />
  )
}
