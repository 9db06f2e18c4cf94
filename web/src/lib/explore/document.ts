import { syntaxFault } from './syntax'

/** A question as JSON: what API and command line take, whatever a person wrote into it. */
export type Json = null | boolean | number | string | Json[] | { [name: string]: Json }
export type Fields = { [name: string]: Json }
/** A place in a document. */
export type Path = readonly (string | number)[]

export const isFields = (value: Json | undefined): value is Fields => typeof value === 'object' && value !== null && !Array.isArray(value)

/** A place as the server names it: a JSON pointer. */
export const pointerOf = (path: Path): string => path.map((step) => `/${step}`).join('')

export function at(document: Json | undefined, path: Path): Json | undefined {
  let here = document
  for (const step of path) {
    if (Array.isArray(here) && typeof step === 'number') here = here[step]
    else if (isFields(here) && typeof step === 'string' && Object.hasOwn(here, step)) here = here[step]
    else return undefined
  }
  return here
}

/** The document with another value at a place whose owner exists; undefined takes a field or an item out. */
export function put(document: Json, path: Path, value: Json | undefined): Json {
  const [step, ...rest] = path
  if (step === undefined) return value ?? null
  if (Array.isArray(document) && typeof step === 'number') {
    const items = [...document]
    const next = rest.length > 0 ? put(items[step] ?? null, rest, value) : value
    if (next === undefined) items.splice(step, 1)
    else items[step] = next
    return items
  }
  if (isFields(document) && typeof step === 'string') {
    const fields = { ...document }
    const next = rest.length > 0 ? put(fields[step] ?? {}, rest, value) : value
    if (next === undefined) delete fields[step]
    else fields[step] = next
    return fields
  }
  return document
}

const WIDTH = 100

/** The document as text for people: what fits into a line is in one. */
export function write(value: Json, indent = 0, taken = 0): string {
  const line = spaced(value)
  if (typeof value !== 'object' || value === null || indent + taken + line.length <= WIDTH) return line
  const pad = ' '.repeat(indent + 2)
  const parts = Array.isArray(value)
    ? value.map((item) => pad + write(item, indent + 2))
    : Object.entries(value).map(([name, item]) => {
        const label = `${JSON.stringify(name)}: `
        return pad + label + write(item, indent + 2, label.length)
      })
  const [open, close] = Array.isArray(value) ? '[]' : '{}'
  return `${open}\n${parts.join(',\n')}\n${' '.repeat(indent)}${close}`
}

function spaced(value: Json): string {
  if (Array.isArray(value)) return `[${value.map(spaced).join(', ')}]`
  if (!isFields(value)) return JSON.stringify(value)
  return `{${Object.entries(value).map(([name, item]) => `${JSON.stringify(name)}: ${spaced(item)}`).join(', ')}}`
}

/** What a text is: a document, or why it is none. */
export type Read = { document: Json; fault?: undefined } | { document?: undefined; fault: TextFault }
export interface TextFault {
  code: 'not_json' | 'too_long' | 'not_exact'
  message: string
  /** Where in the text, if that is known. */
  offset?: number
}

/** The server's bound. */
export const MAX_BYTES = 64 * 1024

export function read(text: string): Read {
  const bytes = new TextEncoder().encode(text).length
  let document: Json
  try {
    document = JSON.parse(text) as Json
  } catch {
    const fault = syntaxFault(text)
    return { fault: { code: 'not_json', message: `The query is not JSON: ${fault?.message ?? 'it is too deep'}`, offset: fault?.offset } }
  }
  if (bytes > MAX_BYTES && new TextEncoder().encode(JSON.stringify(document)).length > MAX_BYTES) {
    return { fault: { code: 'too_long', message: `The query has ${bytes} bytes; at most ${MAX_BYTES} are accepted` } }
  }
  const inexact = unsafeNumber(text)
  if (inexact) return { fault: { code: 'not_exact', message: `A browser cannot keep the number ${inexact.word} exactly; ask with it by API or command line`, offset: inexact.offset } }
  return { document }
}

/** An integer that JSON has and JavaScript does not. */
function unsafeNumber(text: string): { word: string; offset: number } | undefined {
  for (const token of text.matchAll(/"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g)) {
    const word = token[0]
    if (/^-?\d+$/.test(word) && !Number.isSafeInteger(Number(word))) return { word, offset: token.index }
  }
  return undefined
}

/** Line and column of a place in a text, from 1. */
export function lineOf(text: string, offset: number): { line: number; column: number } {
  const before = text.slice(0, offset).split('\n')
  return { line: before.length, column: before.at(-1)!.length + 1 }
}
