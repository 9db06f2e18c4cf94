import { Button, Switch, Table, TableBody, TableCell, TableRow } from '@fluentui/react-components'
import { AddRegular, AlertRegular } from '@fluentui/react-icons'
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import { rulesQuery, useChangeRule, useRemoveRule, useTestRule } from '../../api/queries/notifications'
import type { NotificationRule } from '../../api/types'
import { ConfirmDialog } from '../../components/ConfirmDialog'
import { ErrorBar } from '../../components/ErrorBar'
import { HeadRow } from '../../components/HeadRow'
import { Instant } from '../../components/Instant'
import { severityLabel } from '../../components/Severity'
import { EmptyState, ErrorState, Loading } from '../../components/states'
import { formatCount, humanise } from '../../lib/format'
import { KIND_WORDS } from '../events/words'
import { OnOff } from './badges'
import { RuleDialog } from './RuleDialog'
import { ruleBody } from './words'

interface Props {
  may: boolean
  edit: string | undefined
  onEdit: (id: string | undefined) => void
}

/** What a rule holds back, in words. */
function conditions(r: NotificationRule): string {
  const parts = [
    r.severity && `${severityLabel(r.severity).toLowerCase()} and worse`,
    r.exploited_only && 'exploited ones only',
    r.least_devices > 1 && `on ${formatCount(r.least_devices)} devices and more`,
    r.device_group_id && `devices of ${r.device_group}`,
  ].filter(Boolean)
  return parts.join(', ') || 'whatever they are about'
}

/** Which events are told where. */
export function Rules({ may, edit, onEdit }: Props) {
  const rules = useQuery(rulesQuery)
  const turn = useChangeRule()
  const test = useTestRule()
  const remove = useRemoveRule()
  const [leaving, setLeaving] = useState<NotificationRule>()
  const items = rules.data?.items ?? []
  const make = may && <Button appearance="primary" icon={<AddRegular />} onClick={() => onEdit('new')}>New rule</Button>
  const close = () => { setLeaving(undefined); remove.reset() }
  return (
    <div className="settings wide">
      {items.length > 0 && <div>{make}</div>}
      {rules.data && <ErrorBar what="The rules could not be read again" error={rules.error} kept="What you see may be old." retry={() => void rules.refetch()} />}
      <ErrorBar what="The rule was not changed" error={turn.error} />
      <ErrorBar what="The rule was not tried" error={test.error} />
      {test.data && <p role="status">{test.data.items.length === 1 ? '1 test is' : `${formatCount(test.data.items.length)} tests are`} on the way. <Link className="link" to="/settings/notifications" search={{ tab: 'deliveries' }}>What became of them</Link></p>}
      {rules.isPending ? (
        <Loading what="rules" />
      ) : !rules.data ? (
        <ErrorState what="The rules could not be read" error={rules.error} kept="They hold as they are." retry={() => void rules.refetch()} />
      ) : items.length === 0 ? (
        <EmptyState icon={<AlertRegular />} title="There is no rule" action={make}>
          Nobody is told of new vulnerabilities, exploits or feeds in trouble. A rule needs a webhook first.
        </EmptyState>
      ) : (
        <div className="settings-table" tabIndex={0}>
          <Table aria-label="Notification rules" className="wide-table">
            <HeadRow names={['Rule', 'On', 'Events', 'That are', 'Told to', 'Last fired']} actions={may} />
            <TableBody>
              {items.map((r) => (
                <TableRow key={r.id}>
                  <TableCell className="break name-cell">{may ? <button type="button" className="link-button" onClick={() => onEdit(r.id)}>{r.name}</button> : r.name}</TableCell>
                  <TableCell>{may ? <Switch checked={r.enabled} aria-label={`${r.name}: on`} disabled={turn.isPending} onChange={(_, d) => turn.mutate({ id: r.id, ...ruleBody(r), enabled: d.checked })} /> : <OnOff on={r.enabled} />}</TableCell>
                  <TableCell className="break small">{r.kinds.map((k) => KIND_WORDS[k] ?? humanise(k)).join(', ')}</TableCell>
                  <TableCell className="break small">{conditions(r)}</TableCell>
                  <TableCell className="break">{r.webhooks.map((w) => w.name).join(', ') || <span className="muted">nobody</span>}</TableCell>
                  <TableCell><Link className="link" to="/settings/notifications" search={{ tab: 'deliveries', rule: r.id }}><Instant at={r.last_fired_at} show="age" none="not yet" /></Link></TableCell>
                  {may && (
                    <TableCell>
                      <div className="row">
                        <Button size="small" aria-label={`Test ${r.name}`} disabled={test.isPending} onClick={() => test.mutate(r.id)}>Test</Button>
                        <Button size="small" aria-label={`Delete ${r.name}`} onClick={() => setLeaving(r)}>Delete</Button>
                      </div>
                    </TableCell>
                  )}
                </TableRow>
              ))}
            </TableBody>
          </Table>
        </div>
      )}
      {may && edit && (edit === 'new' || rules.data) && <RuleDialog key={edit} of={items.find((r) => r.id === edit)} onClose={() => onEdit(undefined)} />}
      <ConfirmDialog open={leaving !== undefined} title={`Delete the rule ${leaving?.name}?`} confirm="Delete" busy={remove.isPending} error={remove.error} onClose={close} onConfirm={() => leaving && remove.mutate(leaving.id, { onSuccess: close })}>
        What it has sent stays under Deliveries.
      </ConfirmDialog>
    </div>
  )
}
