import { Button, MessageBar, MessageBarBody, MessageBarTitle, Select, Table, TableBody, TableCell, TableRow } from '@fluentui/react-components'
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { sentence } from '../../api/errors'
import { machineAgentlessQuery, useAgentlessScan, useMachineAgentless } from '../../api/queries/agentless'
import { useMay } from '../../api/queries/session'
import type { Agentless, Machine } from '../../api/types'
import { ErrorBar } from '../../components/ErrorBar'
import { HeadRow } from '../../components/HeadRow'
import { Instant } from '../../components/Instant'
import { ErrorState, Loading } from '../../components/states'
import { formatCount, humanise } from '../../lib/format'
import { AgentlessState } from './words'

const SETTINGS = { inherit: 'As its subscription', on: 'On for this machine', off: 'Off for this machine' } as const
type Setting = keyof typeof SETTINGS

/** How a machine without a sensor is looked at, when, and what came of it. */
export function AgentlessOfMachine({ machine }: { machine: Machine }) {
  const found = useQuery(machineAgentlessQuery(machine.id))
  if (found.isPending) return <Loading what="agentless scanning" rows={3} />
  if (!found.data) return <ErrorState what="Agentless scanning could not be read" error={found.error} retry={() => void found.refetch()} />
  return (
    <section className="stack" aria-label="Agentless scanning">
      <h2>Agentless scanning</h2>
      <Standing of={found.data} machine={machine} />
      {found.data.history.length > 0 && (
        <div className="settings-table" tabIndex={0}>
          <Table size="small" aria-label="Scans" className="wide-table">
            <HeadRow names={['At', 'Outcome', 'Took', 'Packages', 'As root']} />
            <TableBody>
              {found.data.history.map((scan) => (
                <TableRow key={scan.at}>
                  <TableCell><Instant at={scan.at} /></TableCell>
                  <TableCell className="break">{scan.message ? sentence(scan.message) : scan.code ? humanise(scan.code) : 'Scanned'} {scan.code && <code className="muted small">{scan.code}</code>}</TableCell>
                  <TableCell className="nums">{scan.seconds.toFixed(1)} s</TableCell>
                  <TableCell className="nums">{scan.packages === null ? '–' : formatCount(scan.packages)}</TableCell>
                  <TableCell>{scan.root === null ? '–' : scan.root ? 'yes' : 'no'}</TableCell>
                </TableRow>
              ))}
            </TableBody>
          </Table>
        </div>
      )}
    </section>
  )
}

function Standing({ of: a, machine }: { of: Agentless; machine: Machine }) {
  const may = useMay('machines.operate')
  const turn = useMachineAgentless()
  const scan = useAgentlessScan()
  const busy = a.state === 'queued' || a.state === 'running'
  return (
    <>
      <div className="row between wrap">
        <div>
          <div className="row wrap">
            <AgentlessState state={a.state} />
            {a.packages !== null && <span>{formatCount(a.packages)} packages{a.root === false && ', not as root: some files were not read'}</span>}
            {a.device_id && <Link className="link" to="/devices/$deviceId/software" params={{ deviceId: a.device_id }}>What it has</Link>}
          </div>
          <div className="muted small">
            Scanned <Instant at={a.scanned_at} show="age" none="not yet" />
            {a.tried_at && a.tried_at !== a.scanned_at && <>, tried <Instant at={a.tried_at} show="age" /></>}
            {a.next_at && a.on && <>, again <Instant at={a.next_at} show="age" /></>}
          </div>
        </div>
        {may && (
          <div className="row wrap">
            <Select size="small" aria-label="Agentless scanning of this machine" value={a.setting} disabled={turn.isPending} onChange={(_, d) => turn.mutate({ id: machine.id, setting: d.value as Setting })}>
              {Object.entries(SETTINGS).map(([key, word]) => <option key={key} value={key}>{word}</option>)}
            </Select>
            {a.on && a.state !== 'not_applicable' && <Button size="small" disabled={busy || scan.isPending} onClick={() => scan.mutate(machine.id)}>{busy ? 'Scan is under way' : 'Scan now'}</Button>}
          </div>
        )}
      </div>
      {a.code && (
        <MessageBar intent={a.state === 'failed' ? 'error' : a.state === 'limited' ? 'warning' : 'info'} layout="multiline">
          <MessageBarBody><MessageBarTitle>{a.title || humanise(a.code)}.</MessageBarTitle> {a.message && a.message !== a.title && sentence(a.message)} {a.fix && <><b>What to do:</b> {a.fix}</>} <code>{a.code}</code></MessageBarBody>
        </MessageBar>
      )}
      <ErrorBar what="It was not changed" error={turn.error} kept="It goes on as before." />
      <ErrorBar what="The scan was not begun" error={scan.error} />
    </>
  )
}
