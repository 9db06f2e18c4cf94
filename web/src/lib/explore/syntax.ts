/** Where a text stops being JSON, and what was expected there. Browsers say so in words of their own, and not always. */
export interface SyntaxFault {
  offset: number
  message: string
}

const SPACE = /[ \t\n\r]*/y
const STRING = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y
const SCALAR = /true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y

/** The first fault of a text; undefined if it is JSON. */
export function syntaxFault(text: string): SyntaxFault | undefined {
  let offset = 0
  const take = (pattern: RegExp): boolean => {
    pattern.lastIndex = offset
    const found = pattern.exec(text)
    if (found) offset += found[0].length
    return found !== null
  }
  const eat = (letter: string): boolean => {
    take(SPACE)
    if (text[offset] !== letter) return false
    offset += 1
    return true
  }
  const fault = (expected: string): SyntaxFault => {
    take(SPACE)
    const here = text[offset]
    return { offset, message: `expected ${expected}, found ${here === undefined ? 'the end' : JSON.stringify(here)}` }
  }
  /** The open brackets. */
  const open: string[] = []
  for (;;) {
    // A value, or the end of what has just begun.
    take(SPACE)
    const letter = text[offset]
    if (letter === '{' || letter === '[') {
      offset += 1
      open.push(letter)
      if (!eat(letter === '{' ? '}' : ']')) {
        if (letter === '{' && !name()) return fault(named)
        continue
      }
      open.pop()
    } else if (!take(letter === '"' ? STRING : SCALAR)) return fault(letter === '"' ? 'a text that ends' : 'a value')
    // What follows a value.
    for (;;) {
      const within = open.at(-1)
      if (within === undefined) {
        take(SPACE)
        return offset === text.length ? undefined : fault('nothing more')
      }
      if (eat(',')) {
        if (within === '{' && !name()) return fault(named)
        break
      }
      if (!eat(within === '{' ? '}' : ']')) return fault(within === '{' ? 'a comma or }' : 'a comma or ]')
      open.pop()
    }
  }

  /** A field's name and its colon. */
  function name(): boolean {
    take(SPACE)
    return take(STRING) && eat(':')
  }
}

const named = 'a name in quotes and a colon'
