import { useInfiniteQuery, useQueryClient } from '@tanstack/react-query'
import { Link, useNavigate, useSearch } from '@tanstack/react-router'
import type { ColumnDef } from '@tanstack/react-table'
import { useEffect, useRef } from 'react'
import { isMoving, remediationDevicesQuery } from '../../api/queries/remediations'
import type { Remediation, RemediationDevice } from '../../api/types'
import { Instant } from '../../components/Instant'
import { CsvLink, ListBody } from '../../components/ListBody'
import { SidePanel } from '../../components/SidePanel'
import { EmptyState } from '../../components/states'
import { formatCount } from '../../lib/format'
import { FixedOf, StepOf } from './badges'
import { ProofView } from './ProofView'
import { afterOf, proofOf, restartText, versionsText } from './proof'

const DEVICE: ColumnDef<RemediationDevice> = {
  id: 'device', header: 'Device', size: 130, meta: { grow: 1 },
  cell: ({ row: { original: d } }) => (
    <span className="row"><Link className="link" tabIndex={-1} to="/devices/$deviceId/vulnerabilities" params={{ deviceId: d.device_id }}>{d.device_name}</Link>{d.canary && <span className="muted small">goes first</span>}</span>
  ),
}
const BY_SENSORS: ColumnDef<RemediationDevice>[] = [
  DEVICE,
  { id: 'step', header: 'Step', size: 215, cell: ({ row }) => <StepOf step={row.original.step} /> },
  { id: 'before', header: 'Before', size: 160, meta: { grow: 1, wide: true, mono: true }, accessorFn: (d) => versionsText(proofOf(d.proof)?.before ?? []) },
  { id: 'after', header: 'After', size: 160, meta: { grow: 1, wide: true, mono: true }, accessorFn: (d) => versionsText(afterOf(proofOf(d.proof))) },
  { id: 'restart', header: 'To restart', size: 150, meta: { grow: 1, wide: true, hint: 'What still runs the old version' }, cell: ({ row }) => { const proof = proofOf(row.original.proof); return restartText(proof) || <span className="muted">{proof && proof.phase !== 'dry_run' ? 'nothing' : '–'}</span> } },
  { id: 'changed', header: 'Since', size: 125, meta: { wide: true }, cell: ({ row }) => <Instant at={row.original.since} show="age" /> },
]
/** Where people carry it out, only the inventory tells. */
const BY_PEOPLE: ColumnDef<RemediationDevice>[] = [
  DEVICE,
  { id: 'fixed', header: 'By its inventory', size: 215, meta: { grow: 2 }, cell: ({ row }) => <FixedOf device={row.original} /> },
  { id: 'changed', header: 'Fixed', size: 150, meta: { wide: true }, cell: ({ row }) => <Instant at={row.original.fixed_at} show="age" none="not yet" /> },
]

/** Every machine that it is about: its step, its versions, its receipt. */
export function Devices({ of: r }: { of: Remediation }) {
  const { panel } = useSearch({ from: '/inside/remediations/$remediationId' })
  const navigate = useNavigate({ from: '/remediations/$remediationId' })
  const list = useInfiniteQuery(remediationDevicesQuery(r.id, isMoving(r)))
  useFollow(r)
  const open = list.data?.pages.flatMap((page) => page.items).find((d) => d.device_id === panel)
  const show = (id: string | undefined) => void navigate({ search: { panel: id }, replace: true })
  const total = list.data?.pages[0]?.total
  return (
    <>
      <div className="row between wrap">
        <h2 className="card-title">Devices {total !== undefined && <span className="count nums">{formatCount(total)}</span>}</h2>
        <CsvLink href={`/api/v1/remediations/${r.id}/devices?format=csv`} />
      </div>
      <ListBody
        what="devices"
        list={list}
        columns={r.run ? BY_SENSORS : BY_PEOPLE}
        rowId={(d) => d.device_id}
        selected={panel}
        onOpen={(d) => show(d.device_id)}
        asked={r.id}
        kept="What is under way goes on."
        nothing={<EmptyState title="It is about no device any more">Those that needed it when it was requested are not among the devices that you see.</EmptyState>}
      />
      <SidePanel
        open={open !== undefined}
        title={open?.device_name ?? ''}
        onClose={() => show(undefined)}
        actions={
          open && (
            <>
              <Link className="link" to="/devices/$deviceId/vulnerabilities" params={{ deviceId: open.device_id }}>The device</Link>
              {open.order_id && <Link className="link" to="/devices/$deviceId/orders" params={{ deviceId: open.device_id }} search={{ open: open.order_id }}>Its order</Link>}
            </>
          )
        }
      >
        {open && <div className="stack">{r.run ? <StepOf step={open.step} /> : <FixedOf device={open} />}<ProofView device={open} bySensor={r.run !== null} /></div>}
      </SidePanel>
    </>
  )
}

/** Reads the devices again when the whole stands elsewhere, so that the two never tell of different moments for long. */
function useFollow(r: Remediation): void {
  const client = useQueryClient()
  const stands = `${r.state} ${r.reason_code} ${r.devices_fixed} ${r.devices_failed}`
  const seen = useRef(stands)
  useEffect(() => {
    if (seen.current === stands) return
    seen.current = stands
    void client.invalidateQueries({ queryKey: ['remediations', 'devices', r.id] })
  }, [client, r.id, stands])
}
