import { useCallback, useEffect, useMemo, useRef } from 'react'
import type { Problem } from '../../lib/explore/check'
import { type Json, isFields } from '../../lib/explore/document'
import type { Language } from '../../lib/explore/language'
import { type Builder as Work, BuilderContext } from './context'
import { Problems } from './Problems'
import { Root } from './Target'

interface Props {
  document: Json
  language: Language
  problems: Problem[]
  /** Nothing is looked for yet. */
  empty: boolean
  onChange: (next: Json) => void
}

/** Whether the builder has a control for it; deeper parts that it has none for are shown as they are. */
export const showable = (document: Json): boolean => isFields(document) && isFields(document.find) && Object.keys(document.find).every((name) => ['types', 'where', 'that'].includes(name))

/** A question as lines: what is looked for, that it is or is connected with something, where something holds. */
export function Builder({ document, language, problems, empty, onChange }: Props) {
  const focus = useRef<string>(undefined)
  const change = useCallback(
    (next: Json, to?: string) => {
      focus.current = to
      onChange(next)
    },
    [onChange],
  )
  useEffect(() => {
    const id = focus.current
    if (!id) return
    focus.current = undefined
    window.document.getElementById(id)?.focus()
  }, [document])
  const work = useMemo<Work>(() => ({ document, language, problems, change }), [document, language, problems, change])
  return (
    <BuilderContext.Provider value={work}>
      <div className="xq" role="group" aria-label="Query builder">
        {empty ? (
          <p className="muted small xq-start-here">
            Choose what to look for, then what must hold of it: “That” follows a connection or an insight, “Where” compares a property. Or open a template.
          </p>
        ) : null}
        {showable(document) ? <Root /> : (
          <>
            <p>What is written as JSON is no question that the builder can show.</p>
            <Problems of={problems} />
          </>
        )}
      </div>
    </BuilderContext.Provider>
  )
}
