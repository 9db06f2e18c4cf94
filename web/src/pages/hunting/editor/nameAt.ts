const WORD = /[A-Za-z_]\w*/g

/**
 * The known table or function at an offset of the text. `near` takes the last one before it where the cursor
 * stands on something else, which is the table that a column most probably belongs to; then the next one.
 */
export function nameAt(text: string, offset: number, known: ReadonlySet<string>, near: boolean): string | undefined {
  let before: string | undefined
  let after: string | undefined
  for (const found of text.matchAll(WORD)) {
    const name = found[0]
    if (!known.has(name)) continue
    const from = found.index
    if (from <= offset && offset <= from + name.length) return name
    if (from < offset) before = name
    else after ??= name
  }
  return near ? (before ?? after) : undefined
}
