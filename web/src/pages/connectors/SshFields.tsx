import { Button, Checkbox, Field, Input, Radio, RadioGroup, Select, Textarea } from '@fluentui/react-components'
import { useRef } from 'react'
import type { SshDraft } from './settings'

interface Props {
  draft: SshDraft
  onChange: (draft: SshDraft) => void
  /** There is a credential, which an empty field keeps. */
  kept: boolean
}

const EXAMPLES: Record<SshDraft['form'], string> = {
  list: 'web-1.example.org env=prod\ndeploy@10.0.0.7:2222 owner=shop',
  ini: '[web]\nweb-[1:3].example.org\n\n[web:vars]\nansible_user=deploy',
  json: 'The output of: ansible-inventory --list',
}

/** Which machines, as whom, and with which key. */
export function SshFields({ draft, onChange, kept }: Props) {
  const set = (change: Partial<SshDraft>) => onChange({ ...draft, ...change })
  return (
    <>
      <Field label="How the machines are written down">
        <Select value={draft.form} onChange={(_, d) => set({ form: d.value as SshDraft['form'] })}>
          <option value="list">A list: [user@]host[:port] [key=value …], one a line</option>
          <option value="ini">Ansible inventory, INI</option>
          <option value="json">Ansible inventory, JSON of ansible-inventory --list</option>
        </Select>
      </Field>
      <Field
        label="Machines"
        required
        hint="Passwords and keys in an inventory are not taken over. Key=value and groups become tags."
      >
        <Textarea className="mono" rows={7} value={draft.inventory} placeholder={EXAMPLES[draft.form]} onChange={(_, d) => set({ inventory: d.value })} />
      </Field>
      <FromFile label="Read the machines from a file" onText={(inventory) => set({ inventory })} />
      <div className="form-row">
        <Field label="User" hint="Of machines that name none"><Input value={draft.user} maxLength={64} onChange={(_, d) => set({ user: d.value })} /></Field>
        <Field label="Port" hint="Of machines that name none"><Input value={draft.port} inputMode="numeric" maxLength={5} onChange={(_, d) => set({ port: d.value })} /></Field>
      </div>
      <Checkbox label="Become root by sudo -n where the user is not root" checked={draft.sudo} onChange={(_, d) => set({ sudo: d.checked === true })} />
      <Field label="Key">
        <RadioGroup value={draft.key} onChange={(_, d) => set({ key: d.value as SshDraft['key'] })}>
          <Radio value="secret" label="A private key, sealed here; only the process that goes out to machines can open it" />
          <Radio value="agent" label="An SSH agent that runs on the server’s host" />
        </RadioGroup>
      </Field>
      {draft.key === 'agent' ? (
        <Field label="Socket of the agent" required hint="An absolute path that the user palisade-connect may use.">
          <Input value={draft.socket} placeholder="/run/ssh-agent.sock" onChange={(_, d) => set({ socket: d.value })} />
        </Field>
      ) : (
        <>
          <Field label="Private key" required={!kept} hint={kept ? 'Empty keeps the key that there is. It is never shown again.' : 'Without a passphrase. It is sealed at once and never shown again.'}>
            <Textarea className="mono" rows={4} value={draft.privateKey} autoComplete="off" spellCheck={false} placeholder="-----BEGIN OPENSSH PRIVATE KEY-----" onChange={(_, d) => set({ privateKey: d.value })} />
          </Field>
          <FromFile label="Read the key from a file" onText={(privateKey) => set({ privateKey })} />
        </>
      )}
    </>
  )
}

/** The most bytes of a file that is read; a request has at most a mebibyte. */
const MOST = 900_000

function FromFile({ label, onText }: { label: string; onText: (text: string) => void }) {
  const input = useRef<HTMLInputElement>(null)
  return (
    <div>
      <input
        ref={input}
        type="file"
        hidden
        aria-label={label}
        onChange={({ target }) => {
          const file = target.files?.[0]
          if (file && file.size <= MOST) void file.text().then(onText)
          target.value = ''
        }}
      />
      <Button size="small" onClick={() => input.current?.click()}>{label}</Button>
    </div>
  )
}
