import { Button, Select } from '@fluentui/react-components'
import { CheckmarkCircleFilled, ClockRegular, DismissCircleRegular, ShieldProhibitedRegular } from '@fluentui/react-icons'
import { useInfiniteQuery } from '@tanstack/react-query'
import { Link, useNavigate, useSearch } from '@tanstack/react-router'
import type { ColumnDef } from '@tanstack/react-table'
import { type ReactNode, useCallback, useState } from 'react'
import { exceptionListQuery, exceptionPage } from '../../api/queries/inventory'
import { useMay } from '../../api/queries/session'
import { useCancelException } from '../../api/queries/vulnerabilities'
import type { VulnerabilityException } from '../../api/types'
import { ConfirmDialog } from '../../components/ConfirmDialog'
import { ExportButton } from '../../components/ExportButton'
import { FieldList } from '../../components/FieldList'
import { Instant } from '../../components/Instant'
import { ListBody } from '../../components/ListBody'
import { PageHeader } from '../../components/PageHeader'
import { SidePanel } from '../../components/SidePanel'
import { EmptyState } from '../../components/states'
import { useColumnChoice } from '../../components/useColumnChoice'
import { exportPages } from '../../lib/exportPages'
import { humanise } from '../../lib/format'
import { exceptionsAsked, type ExceptionsSearch } from '../../lib/inventorySearch'
import { EXCEPTION_WORDS, type ExceptionState, exceptionState, subjectTitle } from './exceptionWords'
import { justificationEffect, JUSTIFICATIONS, type JustificationKey } from './words'

const LOOK: Record<ExceptionState, [string, ReactNode]> = {
  active: ['good', <CheckmarkCircleFilled key="i" />],
  expired: ['quiet', <ClockRegular key="i" />],
  cancelled: ['quiet', <DismissCircleRegular key="i" />],
}

function StateOf({ x }: { x: VulnerabilityException }) {
  const state = exceptionState(x)
  const [tone, icon] = LOOK[state]
  return <span className={`state ${tone}`}><span aria-hidden className="state-icon">{icon}</span>{EXCEPTION_WORDS[state]}</span>
}

/** What is excepted, one click away. */
function Subject({ x, tabIndex }: { x: VulnerabilityException; tabIndex?: number }) {
  return x.subject_type === 'vulnerability' ? (
    <Link className="link" tabIndex={tabIndex} to="/weaknesses" search={{ panel: x.subject }}>{subjectTitle(x)}</Link>
  ) : (
    <Link className="link" tabIndex={tabIndex} to="/recommendations" search={{ panel: x.subject }}>{subjectTitle(x)}</Link>
  )
}

const because = (x: VulnerabilityException): string => JUSTIFICATIONS[x.justification as JustificationKey]?.title ?? humanise(x.justification)

const COLUMNS: ColumnDef<VulnerabilityException>[] = [
  { id: 'subject', header: 'For', size: 220, meta: { grow: 1 }, cell: ({ row }) => <Subject x={row.original} tabIndex={-1} /> },
  { id: 'state', header: 'State', size: 110, cell: ({ row }) => <StateOf x={row.original} /> },
  { id: 'type', header: 'Kind', size: 130, meta: { wide: true }, accessorFn: (x) => humanise(x.subject_type) },
  { id: 'where', header: 'Where', size: 140, meta: { grow: 1, wide: true }, cell: ({ row }) => row.original.device_group || <span className="muted">every device</span> },
  { id: 'justification', header: 'Justification', size: 160, meta: { wide: true }, accessorFn: because },
  { id: 'note', header: 'Why', accessorKey: 'note', size: 160, meta: { grow: 2, wide: true } },
  { id: 'by', header: 'By', accessorKey: 'created_by', size: 140, meta: { grow: 1, wide: true } },
  { id: 'at', header: 'Made', size: 125, meta: { wide: true }, cell: ({ row }) => <Instant at={row.original.created_at} show="age" /> },
  { id: 'until', header: 'Until', size: 120, meta: { wide: true }, cell: ({ row }) => <Instant at={row.original.expires_at} show="age" none="for good" /> },
]

/** What a file has of each. */
const FIELDS = [
  'subject_type', 'subject', 'device_group', 'justification', 'note', 'active', 'created_by', 'created_at', 'expires_at', 'cancelled_by', 'cancelled_at', 'id',
] as const

/** What was left as it is: by whom, why, and until when. */
export function ExceptionsPage() {
  const search = useSearch({ from: '/inside/exceptions' })
  const navigate = useNavigate({ from: '/exceptions' })
  const asked = exceptionsAsked(search)
  const list = useInfiniteQuery(exceptionListQuery(asked))
  const change = useCallback((next: Partial<ExceptionsSearch>) => void navigate({ search: (old) => ({ ...old, ...next }), replace: true }), [navigate])
  const { visibility, menu } = useColumnChoice('exceptions', COLUMNS)
  const open = list.data?.pages.flatMap((page) => page.items).find((x) => x.id === search.panel)
  return (
    <div className="page">
      <PageHeader
        title="Exceptions"
        count={list.data?.pages[0]?.total}
        actions={<><ExportButton make={() => exportPages('exceptions', FIELDS, (cursor) => exceptionPage(asked, 1000, cursor))} />{menu}</>}
      >
        What was left as it is, by whom, why, and until when. What is excepted stays visible, marked.
      </PageHeader>
      <div className="filters" role="search" aria-label="Filter exceptions">
        <Select size="small" aria-label="Which exceptions" value={search.state ?? ''} onChange={(_, d) => change({ state: (d.value || undefined) as ExceptionsSearch['state'] })}>
          <option value="">That hold now</option>
          <option value="ended">Cancelled or run out</option>
          <option value="all">All</option>
        </Select>
      </div>
      <ListBody
        what="exceptions"
        list={list}
        columns={COLUMNS}
        rowId={(x) => x.id}
        selected={search.panel}
        onOpen={(x) => change({ panel: x.id })}
        visibility={visibility}
        asked={asked}
        nothing={
          <EmptyState icon={<ShieldProhibitedRegular />} title={search.state ? 'There is no such exception' : 'No exception holds'}>
            Open a weakness or a recommendation and choose “Make an exception” to leave it as it is for a time.
          </EmptyState>
        }
      />
      <SidePanel open={open !== undefined} title={open ? `Exception: ${subjectTitle(open)}` : ''} onClose={() => change({ panel: undefined })} actions={open && <Link className="link" to={open.subject_type === 'vulnerability' ? '/weaknesses' : '/recommendations'} search={{ panel: open.subject }}>{open.subject_type === 'vulnerability' ? 'The weakness' : 'The recommendation'}</Link>}>
        {open && <Details x={open} />}
      </SidePanel>
    </div>
  )
}

function Details({ x }: { x: VulnerabilityException }) {
  const may = useMay('vulnerabilities.manage')
  const cancel = useCancelException()
  const [asking, setAsking] = useState(false)
  return (
    <div className="stack">
      <div className="row between wrap">
        <StateOf x={x} />
        {may && x.active && <Button onClick={() => setAsking(true)}>Cancel the exception</Button>}
      </div>
      <p><b>{because(x)}.</b> {x.justification in JUSTIFICATIONS && justificationEffect(x.justification as JustificationKey, x.subject_type)}</p>
      <p className="break">{x.note}</p>
      <FieldList fields={Object.entries(x)} isInstant={(name) => name.endsWith('_at')} />
      <ConfirmDialog
        open={asking}
        title={`Cancel the exception for ${subjectTitle(x)}?`}
        confirm="Cancel the exception"
        busy={cancel.isPending}
        error={cancel.error}
        onClose={() => { setAsking(false); cancel.reset() }}
        onConfirm={() => cancel.mutate(x.id, { onSuccess: () => setAsking(false) })}
      >
        The finding counts as any other again{x.device_group ? `, on the devices of ${x.device_group}` : ', on every device'}. Nothing changes on any machine.
      </ConfirmDialog>
    </div>
  )
}
