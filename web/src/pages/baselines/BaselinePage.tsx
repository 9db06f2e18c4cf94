import { Button, Tab, TabList } from '@fluentui/react-components'
import { ArrowDownloadRegular } from '@fluentui/react-icons'
import { useQuery } from '@tanstack/react-query'
import { Link, useNavigate, useParams, useSearch } from '@tanstack/react-router'
import { useState } from 'react'
import { asApiError } from '../../api/errors'
import { profileQuery, useRemoveProfile } from '../../api/queries/baselines'
import { useMay } from '../../api/queries/session'
import type { BaselineProfile } from '../../api/types'
import { ConfirmDialog } from '../../components/ConfirmDialog'
import { ErrorBar } from '../../components/ErrorBar'
import { Figure } from '../../components/Figure'
import { Instant } from '../../components/Instant'
import { PageHeader } from '../../components/PageHeader'
import { EmptyState, ErrorState, Loading } from '../../components/states'
import type { BaselineSearch } from '../../lib/baselineSearch'
import { formatCount } from '../../lib/format'
import { AssignDialog } from './AssignDialog'
import { ChecksTab } from './ChecksTab'
import { ProfileDevices } from './ProfileDevices'
import { ProfileForm } from './ProfileForm'
import { assignedText, percentText } from './words'

const TABS = { checks: 'Checks', devices: 'Devices', settings: 'Checks and thresholds chosen' } as const

/** One profile: how far machines follow it, check by check and device by device, and what it asks for. */
export function BaselinePage() {
  const { profileId } = useParams({ from: '/inside/baselines/$profileId' })
  const search = useSearch({ from: '/inside/baselines/$profileId' })
  const navigate = useNavigate({ from: '/baselines/$profileId' })
  const found = useQuery(profileQuery(profileId))
  if (!found.data) {
    return (
      <div className="page">
        {found.isError && asApiError(found.error).status === 404 ? (
          <EmptyState title="There is no such profile" action={<Link className="link" to="/baselines">Look for it in the list</Link>}>It may have been deleted.</EmptyState>
        ) : found.isError ? (
          <ErrorState what="The profile could not be read" error={found.error} kept="Sensors go on comparing." retry={() => void found.refetch()} />
        ) : (
          <Loading what="the profile" />
        )}
      </div>
    )
  }
  const p = found.data
  const tab = search.tab ?? 'checks'
  const change = (next: Partial<BaselineSearch>) => void navigate({ search: (old) => ({ ...old, ...next }), replace: true })
  return (
    <div className="page">
      <Header of={p} />
      <ErrorBar what="The profile could not be read again" error={found.error} kept="What you see may be old." retry={() => void found.refetch()} />
      <TabList aria-label="Views of the profile" selectedValue={tab} onTabSelect={(_, d) => void navigate({ search: { tab: d.value === 'checks' ? undefined : (d.value as 'devices' | 'settings') } })}>
        {Object.entries(TABS).map(([key, label]) => <Tab key={key} value={key}>{label}</Tab>)}
      </TabList>
      {tab === 'checks' && <ChecksTab profile={p} search={search} onChange={change} />}
      {tab === 'devices' && <ProfileDevices profile={p} search={search} onChange={change} />}
      {tab === 'settings' && <ProfileForm key={`${p.id} ${p.revision}`} of={p} />}
    </div>
  )
}

function Header({ of: p }: { of: BaselineProfile }) {
  const may = useMay('baselines.manage')
  const navigate = useNavigate()
  const remove = useRemoveProfile()
  const [asking, setAsking] = useState<'assign' | 'delete'>()
  const c = p.compliance
  const devices = { to: '/baselines/$profileId', params: { profileId: p.id }, search: { tab: 'devices' } } as const
  const close = () => { setAsking(undefined); remove.reset() }
  return (
    <div className="device-head">
      <nav className="crumbs" aria-label="Where you are"><Link className="link" to="/baselines">Security baselines</Link> / {p.title}</nav>
      <PageHeader
        title={p.title}
        actions={
          <>
            {may && <Button appearance="primary" onClick={() => setAsking('assign')}>Assign</Button>}
            {may && <Button onClick={() => void navigate({ to: '/baselines/~new', search: { from: p.id } })}>Make your own from it</Button>}
            <Button as="a" appearance="subtle" icon={<ArrowDownloadRegular />} href={`/api/v1/baseline-profiles/${encodeURIComponent(p.id)}/export`} download>Export</Button>
            {may && !p.built_in && <Button appearance="subtle" onClick={() => setAsking('delete')}>Delete</Button>}
          </>
        }
      >
        {p.built_in ? 'Comes along' : <>Your own, version {p.revision}, changed by {p.updated_by} <Instant at={p.updated_at} show="age" /></>}
        {p.extends && <> · begins with <Link className="link" to="/baselines/$profileId" params={{ profileId: p.extends }}>{p.extends}</Link></>} · {formatCount(p.check_count)} checks · assigned to {assignedText(p) || 'nobody'}
      </PageHeader>
      {p.description && <p className="break muted">{p.description}</p>}
      <section className="figures" aria-label="Compliance">
        <div className="figure" role="group" aria-label="Compliance">
          <span>Compliance</span>
          <b>{percentText(c.percent)}</b>
          <span className="muted small">{c.newest_run ? <>Of what applies and could be told. Last run <Instant at={c.newest_run} show="age" /></> : 'No device has run it yet'}</span>
        </div>
        <Figure value={c.not_compliant} label="Not compliant" why={`Results on all devices; ${formatCount(c.compliant)} are compliant`} to={{ to: '/baselines/$profileId', params: { profileId: p.id }, search: { state: 'not_compliant' } }} />
        <Figure value={c.not_evaluated} label="Could not be told" why="They never count as compliant" to={{ to: '/baselines/$profileId', params: { profileId: p.id }, search: { state: 'not_evaluated' } }} />
        <Figure value={c.compliant_devices} label="Fully compliant devices" why={`Of ${formatCount(c.devices)} that ran it`} to={devices} />
        <Figure value={c.outdated_devices} label="Devices out of date" why="Last run as another version, or not assigned any more" to={devices} />
      </section>
      {asking === 'assign' && <AssignDialog of={p} onClose={close} />}
      <ConfirmDialog
        open={asking === 'delete'}
        title={`Delete “${p.title}”?`}
        confirm="Delete"
        busy={remove.isPending}
        error={remove.error}
        onClose={close}
        onConfirm={() => remove.mutate(p.id, { onSuccess: () => void navigate({ to: '/baselines' }) })}
      >
        Devices stop running it, and what it found is gone. A device without another profile runs the default of its system.
      </ConfirmDialog>
    </div>
  )
}
