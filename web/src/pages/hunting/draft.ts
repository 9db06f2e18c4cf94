const KEY = 'palisade.hunting.drafts'
const MOST = 10

interface Draft {
  /** The query of the address that it was begun from; empty where there was none. */
  base: string
  text: string
}

function read(): Draft[] {
  try {
    const kept: unknown = JSON.parse(sessionStorage.getItem(KEY) ?? '[]')
    if (!Array.isArray(kept)) return []
    return kept.filter((d): d is Draft => typeof d?.base === 'string' && typeof d?.text === 'string')
  } catch {
    return []
  }
}

/** The text being written, kept for this tab: signing in again, a reload or a look elsewhere loses nothing. */
export function keepDraft(base: string | undefined, text: string): void {
  const draft = { base: base ?? '', text }
  try {
    sessionStorage.setItem(KEY, JSON.stringify([draft, ...read().filter((d) => d.base !== draft.base)].slice(0, MOST)))
  } catch {
    // Without storage the draft lives as long as the page.
  }
}

/** The draft that was begun from this query of the address; without one in the address, the last of all. */
export function keptDraft(base: string | undefined): string | undefined {
  const drafts = read()
  return (base === undefined ? drafts[0] : drafts.find((d) => d.base === base))?.text
}
