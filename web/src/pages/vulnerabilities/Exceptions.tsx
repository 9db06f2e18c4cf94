import { Button } from '@fluentui/react-components'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { exceptionsQuery, useCancelException } from '../../api/queries/vulnerabilities'
import { useMay } from '../../api/queries/session'
import type { NewVulnerabilityException } from '../../api/types'
import { ErrorBar } from '../../components/ErrorBar'
import { Instant } from '../../components/Instant'
import { counted, formatCount } from '../../lib/format'
import { ExceptionDialog } from './ExceptionDialog'
import { JUSTIFICATIONS, type JustificationKey } from './words'

interface Props {
  type: NewVulnerabilityException['subject_type']
  subject: string
  title: string
  devices: number
  excepted: number
}

/** The exceptions for one thing that hold now, with what makes and cancels them. */
export function Exceptions({ type, subject, title, devices, excepted }: Props) {
  const may = useMay('vulnerabilities.manage')
  const all = useQuery(exceptionsQuery)
  const cancel = useCancelException()
  const [open, setOpen] = useState(false)
  const own = all.data?.items.filter((x) => x.subject_type === type && x.subject === subject) ?? []
  return (
    <section aria-label="Exceptions" className="stack">
      <div className="row between wrap">
        <h3>Exceptions</h3>
        {may && <Button size="small" onClick={() => setOpen(true)}>Make an exception</Button>}
      </div>
      <ErrorBar what="The exceptions could not be read" error={all.error} retry={() => void all.refetch()} />
      <ErrorBar what="The exception was not cancelled" error={cancel.error} />
      {own.length === 0 ? (
        <p className="muted">None holds.</p>
      ) : (
        <>
          <p className="muted small">{own.length === 1 ? 'It holds' : 'They hold'} for {formatCount(excepted)} of {counted(devices, 'device')}.</p>
          <ul className="plain-list">
            {own.map((x) => (
              <li key={x.id}>
                <div className="grow">
                  <b>{JUSTIFICATIONS[x.justification as JustificationKey]?.title ?? x.justification}</b>, {x.device_group_id ? `on devices of ${x.device_group}` : 'on every device'}
                  <div className="break small">{x.note}</div>
                  <div className="muted small">{x.created_by}, <Instant at={x.created_at} show="age" />; {x.expires_at ? <>until <Instant at={x.expires_at} /></> : 'for good'}</div>
                </div>
                {may && <Button size="small" disabled={cancel.isPending} onClick={() => cancel.mutate(x.id)} aria-label={`Cancel the exception of ${x.created_by}`}>Cancel</Button>}
              </li>
            ))}
          </ul>
        </>
      )}
      {open && <ExceptionDialog type={type} subject={subject} title={title} onClose={() => setOpen(false)} />}
    </section>
  )
}
