import { Button, Dialog, DialogActions, DialogBody, DialogContent, DialogSurface, DialogTitle, Field, Textarea } from '@fluentui/react-components'
import { type FormEvent, useState } from 'react'
import { useCreateOrder } from '../../api/queries/orders'
import type { Device, OrderKind } from '../../api/types'
import { ErrorBar } from '../../components/ErrorBar'
import { OrderProgress } from './OrderProgress'
import { ORDER_TEXT } from './orderText'

/** Says what will happen where, asks for a reason, then shows progress until proof or failure. */
export function OrderDialog({ device, kind, onClose }: { device: Device; kind: OrderKind; onClose: () => void }) {
  const text = ORDER_TEXT[kind]
  const create = useCreateOrder(device.id)
  const [reason, setReason] = useState('')
  const submit = (event: FormEvent) => {
    event.preventDefault()
    create.mutate({ kind, reason: reason.trim() })
  }
  return (
    <Dialog open onOpenChange={(_, data) => !data.open && onClose()}>
      <DialogSurface>
        <form onSubmit={submit}>
          <DialogBody>
            <DialogTitle>{text.title}: {device.name}</DialogTitle>
            <DialogContent className="stack" tabIndex={0}>
              <p>{text.effect} It happens on one machine, <b>{device.name}</b>.</p>
              {create.data ? (
                <OrderProgress initial={create.data} />
              ) : (
                <>
                  <Field label="Reason" required hint="Kept with the order and in the audit log.">
                    <Textarea value={reason} maxLength={500} onChange={(_, d) => setReason(d.value)} />
                  </Field>
                  <ErrorBar what="The order was not sent" error={create.error} kept="Your reason is kept." />
                </>
              )}
            </DialogContent>
            <DialogActions>
              <Button onClick={onClose}>{create.data ? 'Close' : 'Cancel'}</Button>
              {!create.data && (
                <Button type="submit" appearance="primary" disabled={!reason.trim() || create.isPending}>
                  {create.isPending ? 'Sending…' : text.verb}
                </Button>
              )}
            </DialogActions>
          </DialogBody>
        </form>
      </DialogSurface>
    </Dialog>
  )
}
