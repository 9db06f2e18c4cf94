import { Button, ProgressBar, Skeleton, SkeletonItem, Text, Title3 } from '@fluentui/react-components'
import { ArrowClockwiseRegular, ErrorCircleRegular } from '@fluentui/react-icons'
import type { ReactNode } from 'react'
import { adviceFor, asApiError, sentence } from '../api/errors'
import { useDelayed } from '../lib/hooks'

/** Nothing for 200 ms, then a skeleton, after a second a progress bar with what is being done. */
export function Loading({ what, rows = 6 }: { what: string; rows?: number }) {
  const late = useDelayed(true, 200)
  const slow = useDelayed(true, 1000)
  return (
    <div className="loading" role="status" aria-label={`Loading ${what}`}>
      {slow && (
        <div className="loading-slow">
          <Text size={200}>Still loading {what}…</Text>
          <ProgressBar aria-label={`Loading ${what}`} />
        </div>
      )}
      {late && (
        <Skeleton aria-hidden className="loading-rows">
          {Array.from({ length: rows }, (_, i) => (
            <SkeletonItem key={i} size={24} />
          ))}
        </Skeleton>
      )}
    </div>
  )
}

/** A thin bar over content that is being read again. */
export function Refreshing({ active, what }: { active: boolean; what: string }) {
  const slow = useDelayed(active, 1000)
  return <div className="refreshing">{slow && <ProgressBar aria-label={`Loading ${what}`} />}</div>
}

interface EmptyProps {
  icon?: ReactNode
  title: string
  children?: ReactNode
  action?: ReactNode
}

/** Nothing here yet: says why and teaches the next step. */
export function EmptyState({ icon, title, children, action }: EmptyProps) {
  return (
    <div className="blank">
      {icon && <div className="blank-icon" aria-hidden>{icon}</div>}
      <Title3 as="h2">{title}</Title3>
      {children && <div className="blank-text">{children}</div>}
      {action}
    </div>
  )
}

interface ErrorProps {
  /** What failed, as a sentence without the reason: "The devices could not be read". */
  what: string
  error: unknown
  /** What was kept in spite of the failure. */
  kept?: string
  retry?: () => void
}

/** What failed, why, what was kept, what to do, and the code. */
export function ErrorState({ what, error, kept, retry }: ErrorProps) {
  const fault = asApiError(error)
  return (
    <div className="blank" role="alert">
      <div className="blank-icon bad" aria-hidden><ErrorCircleRegular /></div>
      <Title3 as="h2">{what}</Title3>
      <div className="blank-text">
        <p>{sentence(fault.message)}</p>
        {kept && <p>{kept}</p>}
        <p>{adviceFor(fault)}</p>
        <p className="muted">Code <code>{fault.code}</code>{fault.status > 0 && <> · HTTP {fault.status}</>}</p>
      </div>
      {retry && (
        <Button icon={<ArrowClockwiseRegular />} onClick={retry}>Try again</Button>
      )}
    </div>
  )
}
