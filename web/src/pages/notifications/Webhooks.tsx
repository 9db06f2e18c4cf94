import { Button, Switch, Table, TableBody, TableCell, TableRow } from '@fluentui/react-components'
import { AddRegular, PlugConnectedRegular } from '@fluentui/react-icons'
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import { sentence } from '../../api/errors'
import { deliveryQuery, useChangeWebhook, useRemoveWebhook, useTestWebhook, webhooksQuery } from '../../api/queries/notifications'
import type { WebhookWithSecret, Webhook } from '../../api/types'
import { ConfirmDialog } from '../../components/ConfirmDialog'
import { ErrorBar } from '../../components/ErrorBar'
import { HeadRow } from '../../components/HeadRow'
import { Instant } from '../../components/Instant'
import { SecretOnce } from '../../components/SecretOnce'
import { EmptyState, ErrorState, Loading } from '../../components/states'
import { DeliveryState, OnOff } from './badges'
import { WebhookDialog } from './WebhookDialog'
import { FORMAT_WORDS } from './words'

interface Props {
  may: boolean
  edit: string | undefined
  onEdit: (id: string | undefined) => void
}

/** Where events and tickets go. */
export function Webhooks({ may, edit, onEdit }: Props) {
  const webhooks = useQuery(webhooksQuery)
  const turn = useChangeWebhook()
  const test = useTestWebhook()
  const remove = useRemoveWebhook()
  const [made, setMade] = useState<WebhookWithSecret>()
  const [leaving, setLeaving] = useState<Webhook>()
  const items = webhooks.data?.items ?? []
  const make = may && <Button appearance="primary" icon={<AddRegular />} onClick={() => onEdit('new')}>New webhook</Button>
  const close = () => { setLeaving(undefined); remove.reset() }
  return (
    <div className="settings wide">
      {items.length > 0 && <div>{make}</div>}
      {made && <SecretOnce title={`The signing secret of ${made.name}`} text={made.signing_secret} label="Signing secret" onDone={() => setMade(undefined)}>With it the receiver checks that what comes is from here.</SecretOnce>}
      {webhooks.data && <ErrorBar what="The webhooks could not be read again" error={webhooks.error} kept="What you see may be old." retry={() => void webhooks.refetch()} />}
      <ErrorBar what="The webhook was not changed" error={turn.error} />
      <ErrorBar what="The test was not sent" error={test.error} />
      {test.data && <Tested id={test.data.id} />}
      {webhooks.isPending ? (
        <Loading what="webhooks" />
      ) : !webhooks.data ? (
        <ErrorState what="The webhooks could not be read" error={webhooks.error} kept="Deliveries go on." retry={() => void webhooks.refetch()} />
      ) : items.length === 0 ? (
        <EmptyState icon={<PlugConnectedRegular />} title="There is no webhook" action={make}>A webhook takes events and tickets to a chat, to Jira, to ServiceNow or to a program of your own.</EmptyState>
      ) : (
        <div className="settings-table" tabIndex={0}>
          <Table aria-label="Webhooks" className="wide-table">
            <HeadRow names={['Webhook', 'On', 'Goes to', 'Form', 'Tickets', 'Last delivery']} actions={may} />
            <TableBody>
              {items.map((w) => (
                <TableRow key={w.id}>
                  <TableCell className="break name-cell">{may ? <button type="button" className="link-button" onClick={() => onEdit(w.id)}>{w.name}</button> : w.name}</TableCell>
                  <TableCell>{may ? <Switch checked={w.enabled} aria-label={`${w.name}: on`} disabled={turn.isPending} onChange={(_, d) => turn.mutate({ id: w.id, enabled: d.checked })} /> : <OnOff on={w.enabled} />}</TableCell>
                  <TableCell className="break"><code>{w.origin}</code></TableCell>
                  <TableCell>{FORMAT_WORDS[w.format] ?? w.format}</TableCell>
                  <TableCell>{w.tickets ? 'Opens them' : <span className="muted">no</span>}</TableCell>
                  <TableCell className="break">
                    <div className="row wrap">
                      {w.last_state ? (
                        <Link className="link" to="/settings/notifications" search={{ tab: 'deliveries', webhook: w.id }}><DeliveryState state={w.last_state} /></Link>
                      ) : (
                        <span className="muted">none yet</span>
                      )}
                      {w.last_delivery_at && <Instant at={w.last_delivery_at} show="age" />}
                    </div>
                    {w.last_error && <div className="muted small">{sentence(w.last_error)}</div>}
                  </TableCell>
                  {may && (
                    <TableCell>
                      <div className="row">
                        <Button size="small" aria-label={`Test ${w.name}`} disabled={test.isPending} onClick={() => test.mutate(w.id)}>Test</Button>
                        <Button size="small" aria-label={`Delete ${w.name}`} onClick={() => setLeaving(w)}>Delete</Button>
                      </div>
                    </TableCell>
                  )}
                </TableRow>
              ))}
            </TableBody>
          </Table>
        </div>
      )}
      {may && edit && (edit === 'new' || webhooks.data) && <WebhookDialog key={edit} of={items.find((w) => w.id === edit)} onMade={setMade} onClose={() => onEdit(undefined)} />}
      <ConfirmDialog open={leaving !== undefined} title={`Delete the webhook ${leaving?.name}?`} confirm="Delete" busy={remove.isPending} error={remove.error} onClose={close} onConfirm={() => leaving && remove.mutate(leaving.id, { onSuccess: close })}>
        Its address and secrets are wiped, and nothing more is sent there. Deliveries stay.
      </ConfirmDialog>
    </div>
  )
}

/** What became of a test, until it is over. */
function Tested({ id }: { id: string }) {
  const d = useQuery(deliveryQuery(id)).data
  if (!d) return null
  return (
    <p role="status" className="row wrap">
      Test to {d.webhook}: <DeliveryState state={d.state} /> {d.last_status !== null && <span className="muted">HTTP {d.last_status}</span>} {d.error && sentence(d.error)}{' '}
      <Link className="link" to="/settings/notifications" search={{ tab: 'deliveries', panel: d.id }}>The delivery</Link>
    </p>
  )
}
