import { Button } from '@fluentui/react-components'
import { ErrorCircleFilled, WarningFilled } from '@fluentui/react-icons'
import { useQuery } from '@tanstack/react-query'
import { sentence } from '../../api/errors'
import { validateQuery } from '../../api/queries/hunting'
import type { Diagnostic } from '../../api/types'
import { useDebounced } from '../../lib/hooks'

interface Props {
  text: string
  onReplace: (found: Diagnostic, word: string) => void
  onShow: (found: Diagnostic) => void
}

/** A suggestion that is one word can be put in place; a sentence is only shown. */
export const isWord = (suggestion: string | null | undefined): suggestion is string => /^[\w.$@-]+(\(\))?$/.test(suggestion ?? '')

/** What the server says of the text, with its place and its suggestion. */
export function Problems({ text, onReplace, onShow }: Props) {
  const rested = useDebounced(text, 400)
  const { data } = useQuery(validateQuery(rested))
  const found = rested === text ? (data?.diagnostics ?? []) : []
  return (
    <ul className="problems" aria-label="Problems in the query" aria-live="polite">
      {found.slice(0, 4).map((one, i) => (
        <li key={i} className="row wrap">
          <span aria-hidden className={one.severity === 'error' ? 'bad state-icon' : 'state-icon'}>
            {one.severity === 'error' ? <ErrorCircleFilled /> : <WarningFilled />}
          </span>
          <button type="button" className="plain" onClick={() => onShow(one)}>Line {one.line}, column {one.column}</button>
          <span>{sentence(one.message)}</span>
          {one.suggestion && isWord(one.suggestion) ? (
            <Button size="small" onClick={() => onReplace(one, one.suggestion!)}>Use {one.suggestion}</Button>
          ) : (
            one.suggestion && <span className="muted">{one.suggestion}</span>
          )}
          <code className="muted small">{one.code}</code>
        </li>
      ))}
      {found.length > 4 && <li className="muted small">and {found.length - 4} more</li>}
    </ul>
  )
}
