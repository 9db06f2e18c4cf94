import { useNow } from '../lib/hooks'
import { formatLocal, formatRelative, formatUtc, parseInstant } from '../lib/time'

interface Props {
  at: string | null | undefined
  /** "age": relative, with the instant on hover. "local": wall time, with UTC on hover. */
  show?: 'age' | 'local'
  millis?: boolean
  /** Without the year and parts of a second, for a phone. */
  short?: boolean
  none?: string
}

/** An instant of the server: every age opens its instant, every local time its UTC. */
export function Instant({ at, show = 'local', millis = false, short = false, none = 'never' }: Props) {
  const date = parseInstant(at)
  if (!date || !at) return <span className="muted">{none}</span>
  if (show === 'age') return <Age at={at} date={date} />
  return (
    <time dateTime={at} title={formatUtc(at)} className="nums">
      {short ? formatLocal(date).slice(5) : formatLocal(date, millis)}
    </time>
  )
}

function Age({ at, date }: { at: string; date: Date }) {
  const now = useNow()
  return (
    <time dateTime={at} title={`${formatLocal(date)} local\n${formatUtc(at)}`}>
      {formatRelative(date, now)}
    </time>
  )
}
