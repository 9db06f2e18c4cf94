import { Button } from '@fluentui/react-components'
import { DismissRegular, WrenchRegular } from '@fluentui/react-icons'
import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { Link, useNavigate, useSearch } from '@tanstack/react-router'
import type { ColumnDef } from '@tanstack/react-table'
import { useCallback } from 'react'
import { remediationsQuery } from '../../api/queries/remediations'
import { recommendationQuery } from '../../api/queries/vulnerabilities'
import type { Remediation } from '../../api/types'
import { Instant } from '../../components/Instant'
import { CsvLink, ListBody } from '../../components/ListBody'
import { PageHeader } from '../../components/PageHeader'
import { Severity } from '../../components/Severity'
import { EmptyState } from '../../components/states'
import { useColumnChoice } from '../../components/useColumnChoice'
import { REMEDIATION_STATES, type RemediationsSearch } from '../../lib/remediationSearch'
import { toggleWord } from '../../lib/search'
import { queryOf } from '../../lib/vulnerabilitySearch'
import { Chip } from '../vulnerabilities/Chips'
import { recommendationTitle } from '../vulnerabilities/words'
import { Due, Progress, RemediationState } from './badges'
import { PRIORITY_WORDS, STATE_WORDS } from './words'

const COLUMNS: ColumnDef<Remediation>[] = [
  { id: 'title', header: 'Remediation', size: 230, meta: { grow: 3 }, cell: ({ row: { original: r } }) => <Link className="link" tabIndex={-1} to="/remediations/$remediationId" params={{ remediationId: r.id }}>{r.title}</Link> },
  { id: 'state', header: 'State', size: 165, cell: ({ row }) => <RemediationState state={row.original.state} /> },
  { id: 'progress', header: 'Progress', size: 150, meta: { grow: 1, wide: true, hint: 'Measured from inventories' }, cell: ({ row }) => <Progress of={row.original} /> },
  { id: 'severity', header: 'Severity', size: 110, meta: { wide: true }, cell: ({ row }) => <Severity severity={row.original.severity} /> },
  { id: 'due', header: 'Due', size: 165, meta: { wide: true }, cell: ({ row }) => <Due of={row.original} /> },
  { id: 'owner', header: 'Owner', accessorKey: 'owner', size: 130, meta: { grow: 1, wide: true } },
  { id: 'priority', header: 'Priority', size: 80, meta: { wide: true }, accessorFn: (r) => PRIORITY_WORDS[r.priority] ?? r.priority },
  { id: 'run', header: 'Done by', size: 85, meta: { wide: true }, accessorFn: (r) => (r.run ? 'Sensors' : 'People') },
  { id: 'ecosystem', header: 'System', accessorKey: 'ecosystem', size: 100, meta: { wide: true } },
  { id: 'created', header: 'Requested', size: 125, meta: { wide: true }, cell: ({ row }) => <Instant at={row.original.created_at} show="age" /> },
]

/** What is being fixed: by whom, until when, and how far it has come. */
export function RemediationsPage() {
  const asked = useSearch({ from: '/inside/remediations' })
  const navigate = useNavigate({ from: '/remediations' })
  const list = useInfiniteQuery(remediationsQuery(asked))
  const change = useCallback((next: Partial<RemediationsSearch>) => void navigate({ search: (old) => ({ ...old, ...next }), replace: true }), [navigate])
  const { visibility, menu } = useColumnChoice('remediations', COLUMNS)
  const filtered = Boolean(asked.state || asked.recommendation || asked.device || asked.overdue)
  const has = (state: string) => (asked.state ?? '').split(',').includes(state)
  return (
    <div className="page">
      <PageHeader title="Remediation" count={list.data?.pages[0]?.total} actions={<><CsvLink href={`/api/v1/remediations?${queryOf({ ...asked, format: 'csv' })}`} />{menu}</>}>
        What is being fixed, by whom and until when. The progress is measured from inventories, not ticked off.
      </PageHeader>
      <div className="filters" role="search" aria-label="Filter remediations">
        <div className="row wrap" role="group" aria-label="State">
          {REMEDIATION_STATES.map((state) => <Chip key={state} on={has(state)} onChange={() => change({ state: toggleWord(asked.state, state) })}>{STATE_WORDS[state]}</Chip>)}
        </div>
        <Chip on={asked.overdue === true} onChange={(on) => change({ overdue: on || undefined })}>Overdue</Chip>
        {asked.recommendation && <OfRecommendation id={asked.recommendation} onClear={() => change({ recommendation: undefined })} />}
        {asked.device && <Button size="small" shape="circular" icon={<DismissRegular />} iconPosition="after" onClick={() => change({ device: undefined })}>Of one device</Button>}
        {filtered && <Button size="small" appearance="subtle" icon={<DismissRegular />} onClick={() => change({ state: undefined, recommendation: undefined, device: undefined, overdue: undefined })}>Clear</Button>}
      </div>
      <ListBody
        what="remediations"
        list={list}
        columns={COLUMNS}
        rowId={(r) => r.id}
        onOpen={(r) => void navigate({ to: '/remediations/$remediationId', params: { remediationId: r.id } })}
        visibility={visibility}
        asked={asked}
        kept="Those that run go on."
        nothing={
          <EmptyState icon={<WrenchRegular />} title={filtered ? 'No remediation matches' : 'Nothing is being fixed'} action={!filtered && <Link className="link" to="/recommendations">Recommendations</Link>}>
            {filtered ? 'Clear the filters to see all of them.' : 'Open a recommendation and choose “Request remediation”: with an owner and a date, done by people or by the sensors.'}
          </EmptyState>
        }
      />
    </div>
  )
}

function OfRecommendation({ id, onClear }: { id: string; onClear: () => void }) {
  const one = useQuery(recommendationQuery(id)).data
  return <Button size="small" shape="circular" icon={<DismissRegular />} iconPosition="after" onClick={onClear}>Of “{one ? recommendationTitle(one) : 'one recommendation'}”</Button>
}
