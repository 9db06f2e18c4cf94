const KEY = 'palisade.hunting.draft'

/** The text being written, kept for this tab: signing in again or a reload loses nothing. */
export function keepDraft(base: string | undefined, text: string): void {
  try {
    sessionStorage.setItem(KEY, JSON.stringify({ base: base ?? '', text }))
  } catch {
    // Without storage the draft lives as long as the page.
  }
}

/** The draft that was begun from this query of the address, if there is one. */
export function keptDraft(base: string | undefined): string | undefined {
  try {
    const kept: unknown = JSON.parse(sessionStorage.getItem(KEY) ?? 'null')
    if (!kept || typeof kept !== 'object') return undefined
    const draft = kept as { base?: unknown; text?: unknown }
    return draft.base === (base ?? '') && typeof draft.text === 'string' ? draft.text : undefined
  } catch {
    return undefined
  }
}
