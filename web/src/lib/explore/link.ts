/** A text in letters that an address can hold: base64url without padding, as API and command line write a question. */
export function toLink(text: string): string {
  const bytes = new TextEncoder().encode(text)
  let binary = ''
  for (const byte of bytes) binary += String.fromCharCode(byte)
  return btoa(binary).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '')
}

/** The text of a link; undefined if it is none. */
export function fromLink(link: string): string | undefined {
  if (!/^[A-Za-z0-9_-]*$/.test(link)) return undefined
  try {
    const binary = atob(link.replaceAll('-', '+').replaceAll('_', '/'))
    return new TextDecoder('utf-8', { fatal: true }).decode(Uint8Array.from(binary, (c) => c.charCodeAt(0)))
  } catch {
    return undefined
  }
}
