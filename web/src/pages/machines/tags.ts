/** "env=prod, spare" of a machine's tags. */
export const tagsText = (tags: Record<string, string>): string =>
  Object.entries(tags)
    .sort(([a], [b]) => a.localeCompare(b))
    .map(([key, value]) => (value ? `${key}=${value}` : key))
    .join('\n')

/** Tags of lines `key` or `key=value`; nothing where a line has no key or names one twice. */
export function tagsOf(text: string): Record<string, string> | undefined {
  const tags: Record<string, string> = {}
  for (const line of text.split('\n').map((l) => l.trim()).filter(Boolean)) {
    const at = line.indexOf('=')
    const key = (at < 0 ? line : line.slice(0, at)).trim()
    if (key === '' || Object.hasOwn(tags, key)) return undefined
    tags[key] = at < 0 ? '' : line.slice(at + 1).trim()
  }
  return tags
}
