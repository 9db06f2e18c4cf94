import { Tab, TabList } from '@fluentui/react-components'
import { useQuery } from '@tanstack/react-query'
import { Link, useNavigate, useParams, useSearch } from '@tanstack/react-router'
import { useState } from 'react'
import { machineHealthQuery, machineQuery, machineTasksQuery } from '../../api/queries/estate'
import { asApiError } from '../../api/errors'
import { EmptyState, ErrorState, Loading } from '../../components/states'
import { AgentlessOfMachine } from '../agentless/OfMachine'
import { Findings } from './Findings'
import { History } from './History'
import { MachineFacts } from './MachineFacts'
import { MachineHeader } from './MachineHeader'
import { MachinePlan } from './MachinePlan'
import { MachineTags } from './MachineTags'
import { Preflight } from './Preflight'
import { SecurityProducts } from './SecurityProducts'
import { Tasks } from './Tasks'
import { Underway, type Asked } from './Underway'

const TABS = { health: 'Health', history: 'How it was', work: 'What was done', facts: 'Facts' } as const
type TabKey = keyof typeof TABS

/** One machine: what it is, what is wrong and how to mend it, what was done, and how it was. */
export function MachinePage() {
  const { machineId } = useParams({ from: '/inside/machines/$machineId' })
  const { tab = 'health' } = useSearch({ from: '/inside/machines/$machineId' })
  const navigate = useNavigate({ from: '/machines/$machineId' })
  const machine = useQuery(machineQuery(machineId))
  const health = useQuery(machineHealthQuery(machineId))
  const tasks = useQuery(machineTasksQuery(machineId))
  const [asked, setAsked] = useState<Asked>()
  if (!machine.data) {
    return (
      <div className="page">
        {machine.isError && asApiError(machine.error).status === 404 ? (
          <EmptyState title="There is no such machine" action={<Link className="link" to="/machines">Look for it in the list</Link>}>
            The address is wrong, or it is outside of what you may see.
          </EmptyState>
        ) : machine.isError ? (
          <ErrorState what="The machine could not be read" error={machine.error} kept="Its sensor goes on." retry={() => void machine.refetch()} />
        ) : (
          <Loading what="the machine" />
        )}
      </div>
    )
  }
  const m = machine.data
  return (
    <div className="page">
      <MachineHeader machine={m} onAsked={(words) => setAsked({ words, before: new Set(tasks.data?.items.map((t) => t.id)) })} />
      {asked && <Underway asked={asked} machine={m} tasks={tasks.data?.items ?? []} onClose={() => setAsked(undefined)} />}
      <TabList
        aria-label="Views of the machine"
        selectedValue={tab}
        onTabSelect={(_, data) => void navigate({ search: { tab: data.value === 'health' ? undefined : (data.value as TabKey) } })}
      >
        {Object.entries(TABS).map(([key, label]) => <Tab key={key} value={key}>{label}</Tab>)}
      </TabList>
      <div className="settings">
        {tab === 'health' && (
          <>
            <Findings health={health.data} error={health.error} retry={() => void health.refetch()} />
            <SecurityProducts machineId={machineId} />
            <AgentlessOfMachine machine={m} />
            <Preflight health={health.data} />
          </>
        )}
        {tab === 'history' && <History health={health.data} />}
        {tab === 'work' && <Tasks tasks={tasks.data?.items} error={tasks.error} retry={() => void tasks.refetch()} />}
        {tab === 'facts' && (
          <>
            <MachineFacts machine={m} />
            <MachineTags key={JSON.stringify(m.tags)} machine={m} />
            <MachinePlan machine={m} />
          </>
        )}
      </div>
    </div>
  )
}
