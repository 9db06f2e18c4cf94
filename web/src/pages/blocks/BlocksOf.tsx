import { Button } from '@fluentui/react-components'
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import { activeBlocksQuery } from '../../api/queries/blocks'
import { useMay } from '../../api/queries/session'
import { ErrorBar } from '../../components/ErrorBar'
import { formatCount } from '../../lib/format'
import { BlockMode } from './badges'
import { BlockDialog } from './BlockDialog'

interface Props {
  type: 'recommendation' | 'vulnerability'
  subject: string
  title: string
  devices: number
}

/** Rules that warn of or block this software, and what makes one. */
export function BlocksOf({ type, subject, title, devices }: Props) {
  const may = useMay('vulnerabilities.manage')
  const all = useQuery(activeBlocksQuery)
  const [open, setOpen] = useState(false)
  const own = all.data?.items.filter((r) => r.subject_type === type && r.subject === subject) ?? []
  return (
    <section aria-label="Application blocks" className="stack">
      <div className="row between wrap">
        <h3>Warn or block</h3>
        {may && own.length === 0 && <Button size="small" onClick={() => setOpen(true)}>Warn or block</Button>}
      </div>
      <ErrorBar what="The rules could not be read" error={all.error} retry={() => void all.refetch()} />
      {all.data && own.length === 0 && <p className="muted">The software starts everywhere.</p>}
      {own.length > 0 && (
        <ul className="plain-list">
          {own.map((r) => (
            <li key={r.id}>
              <div className="grow">
                <Link className="link" to="/application-blocks" search={{ panel: r.id }}>{r.title}</Link>
                <div className="muted small">{formatCount(r.devices.enforced)} blocked, {formatCount(r.devices.watched)} watched, {r.device_group ? `on devices of ${r.device_group}` : 'on every device'}</div>
              </div>
              <BlockMode mode={r.mode} />
            </li>
          ))}
        </ul>
      )}
      {open && <BlockDialog type={type} subject={subject} title={title} devices={devices} onClose={() => setOpen(false)} />}
    </section>
  )
}
