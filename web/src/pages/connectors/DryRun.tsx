import { Button, Table, TableBody, TableCell, TableRow, ToggleButton } from '@fluentui/react-components'
import { ArrowDownloadRegular } from '@fluentui/react-icons'
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { planQuery } from '../../api/queries/connectors'
import type { Connector, ConnectorPlan } from '../../api/types'
import { sentence } from '../../api/errors'
import { ErrorBar } from '../../components/ErrorBar'
import { Figure } from '../../components/Figure'
import { HeadRow } from '../../components/HeadRow'
import { EmptyState, ErrorState, Loading } from '../../components/states'
import { saveFile, toCsv } from '../../lib/export'
import { formatCount } from '../../lib/format'
import { PLAN_KINDS, type ConnectorSearch } from '../../lib/search'
import { planPart, PLAN_WORDS } from './words'

/** Rows that are drawn; the file has all. */
const SHOWN = 500

type Part = ConnectorSearch['plan']

interface Props {
  connector: Connector
  part: Part
  onPart: (part: Part) => void
}

const PARTS: Record<NonNullable<Part>, string> = { install: 'Get a sensor', adopt: 'Taken over', left: 'Left out' }

/** What a roll-out would do where, in which wave, and what it leaves out and why. Nothing is changed to tell it. */
export function DryRun({ connector, part, onPart }: Props) {
  const plan = useQuery(planQuery(connector.id))
  if (!plan.data) {
    return plan.error ? <ErrorState what="The dry run could not be made" error={plan.error} kept="Nothing was changed on any machine." retry={() => void plan.refetch()} /> : <Loading what="the dry run" />
  }
  const { install, adopt, excluded, waves, machines } = plan.data
  if (machines.length === 0) {
    return <EmptyState title="It lists no machine yet">{connector.last_error ? 'Its last listing failed; the overview says why.' : 'The dry run is there as soon as its machines are listed.'}</EmptyState>
  }
  const shown = machines.filter((m) => !part || planPart(m.plan) === part)
  return (
    <>
      <ErrorBar what="The dry run could not be made again" error={plan.error} kept="What you see may be old." retry={() => void plan.refetch()} />
      <section className="figures" aria-label="Dry run">
        <Figure value={install} label="Get a sensor" why={wavesText(waves)} to={{ to: '.', search: { tab: 'plan', plan: 'install' } }} />
        <Figure value={adopt} label="Taken over" why="A sensor of this tenant is there already" to={{ to: '.', search: { tab: 'plan', plan: 'adopt' } }} />
        <Figure value={excluded} label="Left out" why="Excluded, not applicable, or not possible yet; each says why" to={{ to: '.', search: { tab: 'plan', plan: 'left' } }} />
      </section>
      <div className="row between wrap">
        <div className="row wrap" role="group" aria-label="Part of the plan">
          {PLAN_KINDS.map((key) => <ToggleButton key={key} size="small" shape="circular" checked={part === key} onClick={() => onPart(part === key ? undefined : key)}>{PARTS[key]}</ToggleButton>)}
        </div>
        <Button size="small" icon={<ArrowDownloadRegular />} onClick={() => save(connector.name, shown)}>CSV</Button>
      </div>
      {shown.length === 0 ? (
        <p className="muted">No machine is in this part.</p>
      ) : (
        <div className="settings-table" tabIndex={0}>
          <Table aria-label="Machines of the dry run" className="wide-table">
            <HeadRow names={['Machine', 'What', 'Wave', 'Why']} />
            <TableBody>
              {shown.slice(0, SHOWN).map((m) => (
                <TableRow key={m.machine_id}>
                  <TableCell className="break name-cell"><Link className="link" to="/machines/$machineId" params={{ machineId: m.machine_id }}>{m.machine}</Link></TableCell>
                  <TableCell>{PLAN_WORDS[m.plan] ?? m.plan}</TableCell>
                  <TableCell className="nums">{m.wave ?? <span className="muted">–</span>}</TableCell>
                  <TableCell className="break">{sentence(m.words)} {m.code && <code className="muted small">{m.code}</code>}</TableCell>
                </TableRow>
              ))}
            </TableBody>
          </Table>
        </div>
      )}
      {shown.length > SHOWN && <p className="muted">The first {formatCount(SHOWN)} of {formatCount(shown.length)}; the CSV has all of them.</p>}
    </>
  )
}

function wavesText(waves: number[]): string {
  const full = waves.map((n, i) => [i + 1, n] as const).filter(([, n]) => n > 0)
  if (full.length === 0) return 'In no wave'
  return full.length === 1 ? 'All in one wave' : full.map(([wave, n]) => `wave ${wave}: ${formatCount(n)}`).join(', ')
}

function save(name: string, rows: ConnectorPlan['machines']): void {
  const columns = ['machine', 'machine_id', 'plan', 'wave', 'code', 'words'].map((column) => ({ name: column, type: 'string' }))
  saveFile(`dry-run ${name}.csv`, 'text/csv', toCsv(columns, rows.map((m) => [m.machine, m.machine_id, m.plan, m.wave, m.code, m.words])))
}
