import { Button, Table, TableBody, TableCell, TableRow } from '@fluentui/react-components'
import { AddRegular, ArrowUploadRegular, ClipboardCheckmarkRegular } from '@fluentui/react-icons'
import { useQuery } from '@tanstack/react-query'
import { Link, useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { profilesQuery } from '../../api/queries/baselines'
import { useMay } from '../../api/queries/session'
import { ErrorBar } from '../../components/ErrorBar'
import { HeadRow } from '../../components/HeadRow'
import { Instant } from '../../components/Instant'
import { PageHeader } from '../../components/PageHeader'
import { EmptyState, ErrorState, Loading } from '../../components/states'
import { formatCount } from '../../lib/format'
import { Compliance } from './badges'
import { ImportDialog } from './ImportDialog'
import { assignedText } from './words'

/** Which profiles there are, where they are run, and how far machines follow them. */
export function BaselinesPage() {
  const profiles = useQuery(profilesQuery)
  const may = useMay('baselines.manage')
  const navigate = useNavigate()
  const [importing, setImporting] = useState(false)
  const items = profiles.data?.items ?? []
  return (
    <div className="page">
      <div className="settings wide">
        <PageHeader
          title="Security baselines"
          count={profiles.data?.items.length}
          actions={
            may && (
              <>
                <Button appearance="subtle" icon={<ArrowUploadRegular />} onClick={() => setImporting(true)}>Import</Button>
                <Button appearance="primary" icon={<AddRegular />} onClick={() => void navigate({ to: '/baselines/~new' })}>New profile</Button>
              </>
            )
          }
        >
          Whether machines are set up as they should be. A device runs every profile that is assigned to it; without one, the default of its system.
        </PageHeader>
        {profiles.data && <ErrorBar what="The profiles could not be read again" error={profiles.error} kept="What you see may be old." retry={() => void profiles.refetch()} />}
        {profiles.isPending ? (
          <Loading what="profiles" />
        ) : !profiles.data ? (
          <ErrorState what="The profiles could not be read" error={profiles.error} kept="Sensors go on comparing." retry={() => void profiles.refetch()} />
        ) : items.length === 0 ? (
          <EmptyState icon={<ClipboardCheckmarkRegular />} title="There is no profile">Import one, or make one of your own.</EmptyState>
        ) : (
          <div className="settings-table" tabIndex={0}>
            <Table aria-label="Profiles" className="wide-table">
              <HeadRow names={['Profile', 'Kind', 'Assigned to', 'Checks', 'Devices', 'Compliance', 'Fully compliant', 'Last run']} />
              <TableBody>
                {items.map((p) => (
                  <TableRow key={p.id}>
                    <TableCell className="name-cell">
                      <Link className="link" to="/baselines/$profileId" params={{ profileId: p.id }}>{p.title}</Link>
                      <div className="muted small">{p.id}</div>
                    </TableCell>
                    <TableCell>{p.built_in ? 'Comes along' : 'Your own'}{p.extends && <div className="muted small">from {p.extends}</div>}</TableCell>
                    <TableCell className="break">{assignedText(p) || <span className="muted">nobody</span>}</TableCell>
                    <TableCell className="nums">{formatCount(p.check_count)}</TableCell>
                    <TableCell className="nums"><Link className="link" to="/baselines/$profileId" params={{ profileId: p.id }} search={{ tab: 'devices' }} aria-label={`${p.compliance.devices} devices of ${p.title}`}>{formatCount(p.compliance.devices)}</Link></TableCell>
                    <TableCell><Compliance percent={p.compliance.percent} label={p.title} /></TableCell>
                    <TableCell className="nums">{p.compliance.devices > 0 ? formatCount(p.compliance.compliant_devices) : <span className="muted">–</span>}</TableCell>
                    <TableCell><Instant at={p.compliance.newest_run} show="age" none="not yet" /></TableCell>
                  </TableRow>
                ))}
              </TableBody>
            </Table>
          </div>
        )}
      </div>
      {importing && <ImportDialog onClose={() => setImporting(false)} />}
    </div>
  )
}
