import { readFileSync, readdirSync } from 'node:fs'
import type { Json } from '../../src/lib/explore/document'
import { Language, type SchemaDocument } from '../../src/lib/explore/language'

const root = new URL('../../../', import.meta.url)
const json = (path: string): unknown => JSON.parse(readFileSync(new URL(path, root), 'utf8'))

export const language = new Language(json('docs/explore-schema.json') as SchemaDocument)

/** Every template and every seed of the fuzzer. */
export const questions: [string, Json][] = [
  ...(json('crates/explore/data/templates.json') as { name: string; query: Json }[]).map((t): [string, Json] => [t.name, t.query]),
  ...readdirSync(new URL('fuzz/corpus/explore_query', root)).map((name): [string, Json] => [name, json(`fuzz/corpus/explore_query/${name}`) as Json]),
]

/** Numbers that only look random: a failure can be seen again by its seed. */
export function random(seed: number) {
  let state = (seed * 2654435761 + 1) >>> 0
  const next = (below: number): number => {
    state ^= state << 13
    state >>>= 0
    state ^= state >>> 17
    state ^= state << 5
    state >>>= 0
    return state % below
  }
  return { next, one: <T>(of: readonly T[]): T => of[next(of.length)]!, chance: (percent: number) => next(100) < percent }
}
