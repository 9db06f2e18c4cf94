import { createContext, useContext } from 'react'
import type { Problem } from '../../lib/explore/check'
import { type Json, type Path, pointerOf } from '../../lib/explore/document'
import type { Language } from '../../lib/explore/language'

/** What every part of the builder works on. */
export interface Builder {
  document: Json
  language: Language
  problems: Problem[]
  /** Puts another document in its place, and the keyboard to an element. */
  change: (next: Json, focus?: string) => void
}

export const BuilderContext = createContext<Builder | undefined>(undefined)

export function useBuilder(): Builder {
  const builder = useContext(BuilderContext)
  if (!builder) throw new Error('a part of the builder stands outside of it')
  return builder
}

/** The element of a place: `what` tells its controls apart. */
export const idOf = (path: Path, what: string): string => ['question', ...path, what].join('-')

/** Problems of a place itself and of those below it that it shows. */
export function problemsAt(problems: Problem[], path: Path, below: string[] = []): Problem[] {
  const own = pointerOf(path)
  return problems.filter(({ pointer }) => pointer === own || below.some((name) => pointer === `${own}/${name}` || pointer.startsWith(`${own}/${name}/`)))
}
