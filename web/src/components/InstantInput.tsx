import { Input } from '@fluentui/react-components'
import { fromLocalInput, toLocalInput } from '../lib/time'

interface Props {
  label: string
  /** RFC 3339; absent = open. */
  value: string | undefined
  onChange: (value: string | undefined) => void
}

/** An instant typed as local time; told when it is done, since half a date is already one of the year 2. */
export function InstantInput({ label, value, onChange }: Props) {
  const kept = toLocalInput(value)
  return (
    <Input
      key={kept}
      type="datetime-local"
      step={1}
      aria-label={label}
      defaultValue={kept}
      onBlur={({ target }) => {
        // Half a date reads as empty: what was there comes back.
        if (target.validity.badInput) target.value = kept
        else if (target.value !== kept) onChange(fromLocalInput(target.value))
      }}
      onKeyDown={({ key, currentTarget }) => key === 'Enter' && currentTarget.blur()}
    />
  )
}
