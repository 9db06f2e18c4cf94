/** What a person fills in for machines that are reached by SSH. */
export interface SshDraft {
  inventory: string
  form: 'list' | 'ini' | 'json'
  user: string
  port: string
  sudo: boolean
  key: 'secret' | 'agent'
  socket: string
  privateKey: string
}
export interface AwsDraft {
  region: string
  ec2: string
  ssm: string
  tags: string
  accessKey: string
  secretKey: string
  sessionToken: string
}

export const newSsh = (): SshDraft => ({ inventory: '', form: 'list', user: 'root', port: '22', sudo: true, key: 'secret', socket: '', privateKey: '' })
export const newAws = (): AwsDraft => ({ region: '', ec2: '', ssm: '', tags: '', accessKey: '', secretKey: '', sessionToken: '' })

type Raw = Record<string, unknown>
const text = (value: unknown, otherwise = ''): string => (typeof value === 'string' ? value : typeof value === 'number' ? String(value) : otherwise)

/** The settings of a connector as they are filled in anew; a credential is never told. */
export function sshDraft(settings: Raw): SshDraft {
  const key = (settings.key ?? {}) as Raw
  const form = text(settings.form, 'list')
  return {
    ...newSsh(),
    inventory: text(settings.inventory),
    form: form === 'ini' || form === 'json' ? form : 'list',
    user: text(settings.user, 'root'),
    port: text(settings.port, '22'),
    sudo: settings.sudo !== false,
    key: key.from === 'agent' ? 'agent' : 'secret',
    socket: text(key.socket),
  }
}
export function awsDraft(settings: Raw): AwsDraft {
  const tags = Array.isArray(settings.only_tags) ? settings.only_tags : []
  return { ...newAws(), region: text(settings.region), ec2: text(settings.ec2_endpoint), ssm: text(settings.ssm_endpoint), tags: tags.map(String).join('\n') }
}

export interface Ready {
  settings: Raw
  /** Absent: none is given; a connector that has one keeps it. */
  credential?: Raw
}

/** What the server takes; nothing while something is missing. `kept`: there is a credential already. */
export function sshReady(draft: SshDraft, kept: boolean): Ready | undefined {
  const port = Number(draft.port)
  const own = draft.key === 'secret'
  if (!draft.inventory.trim() || !draft.user.trim() || !Number.isInteger(port) || port < 1 || port > 65_535) return undefined
  if (own ? !draft.privateKey.trim() && !kept : !draft.socket.startsWith('/')) return undefined
  const key = own ? { from: 'secret' } : { from: 'agent', socket: draft.socket.trim() }
  const settings = { inventory: draft.inventory, form: draft.form, user: draft.user.trim(), port, sudo: draft.sudo, key }
  // The last line of a key has to end.
  return own && draft.privateKey.trim() ? { settings, credential: { private_key: `${draft.privateKey.trim()}\n` } } : { settings }
}
export function awsReady(draft: AwsDraft, kept: boolean): Ready | undefined {
  const given = Boolean(draft.accessKey.trim() && draft.secretKey.trim())
  if (!draft.region.trim() || (!given && (!kept || Boolean(draft.accessKey.trim() || draft.secretKey.trim())))) return undefined
  const settings: Raw = { region: draft.region.trim() }
  if (draft.ec2.trim()) settings.ec2_endpoint = draft.ec2.trim()
  if (draft.ssm.trim()) settings.ssm_endpoint = draft.ssm.trim()
  const tags = linesOf(draft.tags)
  if (tags.length) settings.only_tags = tags
  if (!given) return { settings }
  const credential: Raw = { access_key_id: draft.accessKey.trim(), secret_access_key: draft.secretKey.trim() }
  if (draft.sessionToken.trim()) credential.session_token = draft.sessionToken.trim()
  return { settings, credential }
}

export const linesOf = (lines: string): string[] => lines.split('\n').map((line) => line.trim()).filter(Boolean)
