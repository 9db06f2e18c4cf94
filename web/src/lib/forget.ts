/** What a person wrote in this browser; looks and columns stay. */
const OF_A_PERSON = ['palisade.hunting.recent', 'palisade.hunting.drafts']

/** At sign-out: the next person here does not see what this one hunted for. */
export function forgetWork(): void {
  for (const key of OF_A_PERSON) {
    try {
      localStorage.removeItem(key)
      sessionStorage.removeItem(key)
    } catch {
      // Without storage there is nothing to forget.
    }
  }
}
