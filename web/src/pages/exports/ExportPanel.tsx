import { Tab, TabList } from '@fluentui/react-components'
import { useState } from 'react'
import type { ScheduledExport } from '../../api/types'
import { SidePanel } from '../../components/SidePanel'
import { EmptyState } from '../../components/states'
import { ExportForm } from './ExportForm'
import { ExportRuns } from './ExportRuns'
import { type ExportDraft, formatOf, newExport } from './schedule'

interface Props {
  /** An identifier, or "new". */
  open: string | undefined
  /** What a new one begins with. */
  query: string
  /** All of them; undefined while they are read. */
  present: ScheduledExport[] | undefined
  onOpen: (id: string | undefined) => void
}

/** One scheduled export: its runs, and what it does. */
export function ExportPanel({ open, query, present, onOpen }: Props) {
  const [tab, setTab] = useState<'runs' | 'settings'>('runs')
  const found = present?.find((one) => one.id === open)
  const close = () => onOpen(undefined)
  if (open === undefined || (open !== 'new' && !present)) return null
  return (
    <SidePanel open title={open === 'new' ? 'New export' : (found?.name ?? 'Export')} onClose={close}>
      {open === 'new' ? (
        <ExportForm key="new" id={undefined} draft={newExport(query)} onSaved={(saved) => onOpen(saved.id)} onClose={close} />
      ) : !found ? (
        <EmptyState title="There is no such export">It may have been deleted.</EmptyState>
      ) : (
        <div className="stack">
          <TabList size="small" selectedValue={tab} onTabSelect={(_, d) => setTab(d.value as 'runs' | 'settings')}>
            <Tab value="runs">Runs</Tab>
            <Tab value="settings">Settings</Tab>
          </TabList>
          {tab === 'runs' ? <ExportRuns id={found.id} /> : <ExportForm key={found.id} id={found.id} draft={bodyOf(found)} onSaved={() => setTab('runs')} onClose={close} />}
        </div>
      )}
    </SidePanel>
  )
}

function bodyOf({ name, query, format, every, at_minute, at_hour, on_weekday, keep, enabled }: ScheduledExport): ExportDraft {
  return { name, query, format: formatOf(format), every, at_minute, at_hour, on_weekday, keep, enabled }
}
