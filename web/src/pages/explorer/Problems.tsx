import { ErrorCircleRegular } from '@fluentui/react-icons'
import { sentence } from '../../api/errors'
import type { Problem } from '../../lib/explore/check'

/** What is wrong at a place, under it. */
export function Problems({ of, id }: { of: Problem[]; id?: string }) {
  if (of.length === 0) return null
  return (
    <ul className="xq-problems" id={id}>
      {of.map((problem) => (
        <li key={`${problem.pointer} ${problem.code}`}>
          <ErrorCircleRegular aria-hidden />
          <span>{hint(problem)} <code>{problem.code}</code></span>
        </li>
      ))}
    </ul>
  )
}

/** What is to be done about it, where that is plain; else the server's sentence. */
export function hint({ code, pointer, message }: Problem): string {
  const last = pointer.split('/').at(-1)
  if (code === 'wrong_shape' && last === 'types') return 'Choose at least one type.'
  if (code === 'wrong_shape' && (last === 'and' || last === 'or')) return 'Add something to this group, or remove it.'
  if (code === 'missing_field' && message.startsWith('value ')) return 'Give a value.'
  if (code === 'too_many_values' && last === 'value') return 'Give 1 to 256 values.'
  return sentence(message)
}
