import { humanise } from '../../lib/format'

/** What a finding is about. */
export const KIND_WORDS: Record<string, string> = { installation: 'Installation', heartbeat: 'Heartbeat', not_applicable: 'Not applicable' }

const ACTIONS: Record<string, string> = {
  preflight: 'Preflight',
  install: 'Install the sensor',
  adopt: 'Take its sensor over',
  probe: 'Look at its sensor',
  start: 'Start the sensor',
  upgrade: 'Upgrade the sensor',
  offboard: 'Take the sensor off',
  deploy_extension: 'Deploy the extension',
  products: 'Look at its security products',
}
export const actionWord = (action: string): string => ACTIONS[action] ?? humanise(action)

/** What a preflight looks at. */
export const PREFLIGHT_WORDS: Record<string, string> = { os: 'System', cpu: 'Processor', mount_options: 'Mount options' }

const EXTENSIONS: Record<string, string> = { on: 'On', off: 'Off', partial: 'Partial' }
export const extensionWord = (extension: string): string => EXTENSIONS[extension] ?? humanise(extension)

const SOURCES: Record<string, string> = { provisioning: 'provisioning', sensor: 'its sensor', server: 'the server' }
export const sourceWord = (source: string): string => SOURCES[source] ?? source

export const systemOf = (m: { os: string; os_version: string }): string => (m.os ? `${m.os} ${m.os_version}`.trim() : '')
