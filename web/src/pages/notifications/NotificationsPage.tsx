import { Tab, TabList } from '@fluentui/react-components'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { useCallback } from 'react'
import { useMay } from '../../api/queries/session'
import { PageHeader } from '../../components/PageHeader'
import type { NotificationsSearch } from '../../lib/notificationSearch'
import { Deliveries } from './Deliveries'
import { Rules } from './Rules'
import { Webhooks } from './Webhooks'

const TABS = { rules: 'Rules', webhooks: 'Webhooks', deliveries: 'Deliveries' } as const

/** Whom events are told, where, and how that went. */
export function NotificationsPage() {
  const search = useSearch({ from: '/inside/settings/notifications' })
  const navigate = useNavigate({ from: '/settings/notifications' })
  const may = useMay('notifications.manage')
  const change = useCallback((next: Partial<NotificationsSearch>) => void navigate({ search: (old) => ({ ...old, ...next }), replace: true }), [navigate])
  const tab = search.tab ?? 'rules'
  return (
    <div className="page">
      <PageHeader title="Notifications">A rule chooses events; a webhook takes them to a chat, a ticket system or a program. Every delivery is kept with what became of it.</PageHeader>
      <TabList aria-label="Views of notifications" selectedValue={tab} onTabSelect={(_, d) => void navigate({ search: { tab: d.value === 'rules' ? undefined : (d.value as 'webhooks' | 'deliveries') } })}>
        {Object.entries(TABS).map(([key, label]) => <Tab key={key} value={key}>{label}</Tab>)}
      </TabList>
      {tab === 'rules' && <Rules may={may} edit={search.edit} onEdit={(edit) => change({ edit })} />}
      {tab === 'webhooks' && <Webhooks may={may} edit={search.edit} onEdit={(edit) => change({ edit })} />}
      {tab === 'deliveries' && <Deliveries may={may} search={search} onChange={change} />}
    </div>
  )
}
