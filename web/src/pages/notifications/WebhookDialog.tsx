import { Button, Checkbox, Dialog, DialogActions, DialogBody, DialogContent, DialogSurface, DialogTitle, Field, Input, Select, Textarea } from '@fluentui/react-components'
import { type FormEvent, useState } from 'react'
import { useAddWebhook, useChangeWebhook } from '../../api/queries/notifications'
import type { WebhookWithSecret, Webhook, WebhookPatch } from '../../api/types'
import { ErrorBar } from '../../components/ErrorBar'
import { FORMAT_WORDS, headersOf, isAddress, objectOf, type WebhookSettings } from './words'

interface Props {
  of: Webhook | undefined
  onMade: (made: WebhookWithSecret) => void
  onClose: () => void
}

/** Which settings each form has. */
const SETTINGS: Record<string, [keyof WebhookSettings & ('project' | 'issue_type' | 'ticket_key' | 'ticket_url' | 'ticket_link'), string, string][]> = {
  palisade: [
    ['ticket_key', 'Where the answer names the ticket', 'A JSON pointer, such as /key'],
    ['ticket_url', 'Where the answer has the ticket’s address', 'A JSON pointer, such as /url'],
    ['ticket_link', 'Address of a ticket', 'With {key} for its name'],
  ],
  jira: [
    ['project', 'Project', 'Its key, such as SEC'],
    ['issue_type', 'Kind of issue', 'Such as Task'],
    ['ticket_link', 'Address of a ticket', 'Such as https://jira.example.com/browse/{key}'],
  ],
  servicenow: [['ticket_link', 'Address of a ticket', 'With {key} for its name']],
}

/** Makes or changes a webhook. Address, headers and secret are sealed: they are written, never shown. */
export function WebhookDialog({ of, onMade, onClose }: Props) {
  const add = useAddWebhook()
  const change = useChangeWebhook()
  const [name, setName] = useState(of?.name ?? '')
  const [url, setUrl] = useState('')
  const [format, setFormat] = useState(of?.format ?? 'palisade')
  const [settings, setSettings] = useState<WebhookSettings>(() => (of?.settings ?? {}) as WebhookSettings)
  const [extra, setExtra] = useState(settings.extra ? JSON.stringify(settings.extra, null, 2) : '')
  const [headers, setHeaders] = useState('')
  const [secret, setSecret] = useState('')
  const [tickets, setTickets] = useState(of?.tickets ?? false)
  const [enabled, setEnabled] = useState(of?.enabled ?? true)
  const given = headersOf(headers)
  const more = objectOf(extra)
  const faults = {
    url: url.trim() && !isAddress(url) ? 'An address that begins with https://' : undefined,
    headers: given === undefined ? 'One a line: Name: value' : undefined,
    extra: more === undefined ? 'A JSON object' : undefined,
    secret: secret && secret.length < 16 ? 'At least 16 characters' : undefined,
  }
  const ready = name.trim() !== '' && (of !== undefined || url.trim() !== '') && Object.values(faults).every((f) => f === undefined)
  const submit = (event: FormEvent) => {
    event.preventDefault()
    const shown = SETTINGS[format] ?? []
    const kept = Object.fromEntries(shown.map(([key]) => [key, settings[key]?.trim()]).filter(([, value]) => value)) as WebhookSettings
    const body = {
      name: name.trim(), tickets, enabled,
      settings: { ...kept, ...(more && { extra: more }) },
      ...(given && Object.keys(given).length > 0 && { headers: given }),
      ...(secret && { signing_secret: secret }),
    }
    if (of) change.mutate({ id: of.id, ...body, ...(url.trim() && { url: url.trim() }) } satisfies WebhookPatch & { id: string }, { onSuccess: onClose })
    else add.mutate({ ...body, url: url.trim(), format }, { onSuccess: (made) => { onMade(made); onClose() } })
  }
  const fault = (text: string | undefined) => (text ? ({ validationState: 'error', validationMessage: text } as const) : {})
  return (
    <Dialog open onOpenChange={(_, data) => !data.open && onClose()}>
      <DialogSurface>
        <form onSubmit={submit}>
          <DialogBody>
            <DialogTitle>{of ? `Webhook: ${of.name}` : 'New webhook'}</DialogTitle>
            <DialogContent className="stack" tabIndex={0}>
              <Field label="Name" required><Input value={name} maxLength={200} onChange={(_, d) => setName(d.value)} /></Field>
              <Field label="Address" required={!of} hint={of ? `It stays at ${of.origin} where nothing is typed. Another host needs its headers and secret anew.` : 'Sealed: it is not shown again.'} {...fault(faults.url)}>
                <Input type="url" value={url} maxLength={2000} placeholder={of ? of.origin : 'https://hooks.example.com/…'} onChange={(_, d) => setUrl(d.value)} />
              </Field>
              <Field label="Form">
                <Select value={format} disabled={of !== undefined} onChange={(_, d) => setFormat(d.value)}>
                  {Object.entries(FORMAT_WORDS).map(([key, word]) => <option key={key} value={key}>{word}</option>)}
                </Select>
              </Field>
              {(SETTINGS[format] ?? []).map(([key, label, hint]) => (
                <Field key={key} label={label} hint={hint}><Input value={settings[key] ?? ''} maxLength={500} onChange={(_, d) => setSettings({ ...settings, [key]: d.value })} /></Field>
              ))}
              <Field label="Laid over what is sent" hint="A JSON object, for fields that your system wants." {...fault(faults.extra)}>
                <Textarea className="mono" rows={3} value={extra} onChange={(_, d) => setExtra(d.value)} />
              </Field>
              <Field label="Headers" hint={of && of.headers.length > 0 ? `Has ${of.headers.join(', ')}; what is typed here takes their place.` : 'One a line: Authorization: Basic …'} {...fault(faults.headers)}>
                <Textarea className="mono" rows={2} value={headers} onChange={(_, d) => setHeaders(d.value)} />
              </Field>
              <Field label="Signing secret" hint={of ? 'The one that is there stays where nothing is typed.' : 'The server makes one where nothing is typed.'} {...fault(faults.secret)}>
                <Input type="password" autoComplete="new-password" value={secret} maxLength={200} onChange={(_, d) => setSecret(d.value)} />
              </Field>
              <Checkbox label="Opens tickets for remediations" checked={tickets} onChange={(_, d) => setTickets(d.checked === true)} />
              <Checkbox label="On" checked={enabled} onChange={(_, d) => setEnabled(d.checked === true)} />
              <ErrorBar what="The webhook was not saved" error={add.error ?? change.error} kept="What you entered is kept here." />
            </DialogContent>
            <DialogActions>
              <Button onClick={onClose}>Cancel</Button>
              <Button type="submit" appearance="primary" disabled={!ready || add.isPending || change.isPending}>{of ? 'Save' : 'Make the webhook'}</Button>
            </DialogActions>
          </DialogBody>
        </form>
      </DialogSurface>
    </Dialog>
  )
}
