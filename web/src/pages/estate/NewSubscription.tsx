import { Button, Dialog, DialogActions, DialogBody, DialogContent, DialogSurface, DialogTitle, Field, Input, Select } from '@fluentui/react-components'
import { useNavigate } from '@tanstack/react-router'
import { type FormEvent, useState } from 'react'
import { useAddSubscription } from '../../api/queries/usage'
import { ErrorBar } from '../../components/ErrorBar'

/** Makes a subscription, then goes on to connect its machines. */
export function NewSubscription({ onClose }: { onClose: () => void }) {
  const add = useAddSubscription()
  const navigate = useNavigate()
  const [name, setName] = useState('')
  const [kind, setKind] = useState('ssh')
  const [external, setExternal] = useState('')
  const [owner, setOwner] = useState('')
  const submit = (event: FormEvent) => {
    event.preventDefault()
    add.mutate(
      { name: name.trim(), kind, external_id: external.trim(), owner_tag: owner.trim() },
      { onSuccess: (made) => void navigate({ to: '/estate/$subscriptionId/connect', params: { subscriptionId: made.id } }) },
    )
  }
  return (
    <Dialog open onOpenChange={(_, data) => !data.open && onClose()}>
      <DialogSurface>
        <form onSubmit={submit}>
          <DialogBody>
            <DialogTitle>New subscription</DialogTitle>
            <DialogContent className="stack" tabIndex={0}>
              <Field label="Name" required><Input value={name} maxLength={200} onChange={(_, d) => setName(d.value)} /></Field>
              <Field label="Its machines are" hint="Any way to connect can be used all the same.">
                <Select value={kind} onChange={(_, d) => setKind(d.value)}>
                  <option value="ssh">servers that are reached by SSH</option>
                  <option value="aws">instances of an AWS account</option>
                  <option value="cloud_init">made from images with user data</option>
                  <option value="direct">onboarded directly</option>
                </Select>
              </Field>
              <Field label="What its cloud calls it" hint="Such as the number of the account; may stay empty."><Input value={external} maxLength={200} onChange={(_, d) => setExternal(d.value)} /></Field>
              <Field label="Tag that names the owner" hint="The key of a tag; usage is added up by its value."><Input value={owner} maxLength={200} onChange={(_, d) => setOwner(d.value)} /></Field>
              <ErrorBar what="The subscription was not made" error={add.error} kept="What you entered is kept here." />
            </DialogContent>
            <DialogActions>
              <Button onClick={onClose}>Cancel</Button>
              <Button type="submit" appearance="primary" disabled={!name.trim() || add.isPending}>Make it</Button>
            </DialogActions>
          </DialogBody>
        </form>
      </DialogSurface>
    </Dialog>
  )
}
