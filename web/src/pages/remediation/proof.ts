import { humanise } from '../../lib/format'

export interface PackageVersion {
  name: string
  arch: string
  version: string
}
export interface PackageChange {
  name: string
  arch: string
  from: string
  to: string
}

/** What a sensor proves of a remediation; what it does not say is empty or absent. */
export interface Proof {
  phase: string
  manager: string
  before: PackageVersion[]
  after: PackageVersion[]
  changed: PackageChange[]
  wouldChange: PackageChange[]
  /** Each as one line that a shell would read the same. */
  commands: string[]
  exitCode?: number
  output: string
  rollback?: { possible: boolean; reason: string }
  services: string[]
  reboot: boolean
  tookMs?: number
}

const record = (value: unknown): Record<string, unknown> => (value !== null && typeof value === 'object' && !Array.isArray(value) ? (value as Record<string, unknown>) : {})
const list = (value: unknown): unknown[] => (Array.isArray(value) ? value : [])
const words = (value: unknown): string => (typeof value === 'string' ? value : '')
const number = (value: unknown): number | undefined => (typeof value === 'number' ? value : undefined)

/** An argument as a shell would need it. */
const quoted = (argument: string): string => (/^[\w./:=@%+,~-]+$/.test(argument) ? argument : `'${argument.replace(/'/g, `'\\''`)}'`)

const version = (value: unknown): PackageVersion => {
  const p = record(value)
  return { name: words(p.name), arch: words(p.arch), version: words(p.version) }
}
const change = (value: unknown): PackageChange => {
  const c = record(value)
  return { name: words(c.name), arch: words(c.arch), from: words(c.from), to: words(c.to) }
}

/** Reads a sensor's proof; undefined where there is none. */
export function proofOf(value: unknown): Proof | undefined {
  const proof = record(value)
  if (Object.keys(proof).length === 0) return undefined
  const restart = record(proof.restart)
  const rollback = record(proof.rollback)
  return {
    phase: words(proof.phase),
    manager: words(proof.manager),
    before: list(proof.before).map(version),
    after: list(proof.after).map(version),
    changed: list(proof.changed).map(change),
    wouldChange: list(proof.would_change).map(change),
    commands: list(proof.commands).map((argv) => list(argv).map((a) => quoted(String(a))).join(' ')),
    exitCode: number(proof.exit_code),
    output: words(proof.output),
    rollback: typeof rollback.possible === 'boolean' ? { possible: rollback.possible, reason: words(rollback.reason) } : undefined,
    services: list(restart.services).map(String),
    reboot: restart.reboot === true,
    tookMs: number(proof.took_ms),
  }
}

/** The versions that there are, each once: "3.0.17-1, 3.0.18-1". */
export const versionsText = (packages: PackageVersion[]): string => [...new Set(packages.map((p) => p.version))].join(', ')

/** What is there after something was done; a dry run does nothing. */
export const afterOf = (proof: Proof | undefined): PackageVersion[] => (proof && proof.phase !== 'dry_run' ? proof.after : [])

/** What has to start again, in words; empty where nothing has. */
export const restartText = (proof: Proof | undefined): string => [...(proof?.services ?? []), ...(proof?.reboot ? ['the machine'] : [])].join(', ')

export const PHASE_WORDS: Record<string, string> = { dry_run: 'Dry run', apply: 'Update', rollback: 'Roll back' }

const CODES: Record<string, string> = {
  remediation_refused_never_touch: 'The package is on the list that the sensor never touches, and nobody named it.',
  remediation_not_installed: 'The software is not installed here any more.',
  remediation_nothing_to_do: 'Every package is at the version asked for already.',
  remediation_no_candidate: 'The package manager offers no version that is new enough. Refresh its sources, or add the one that has it.',
  remediation_would_remove: 'The update would remove other packages.',
  remediation_unsupported: 'The sensor cannot update software of this kind.',
  remediation_locked: 'Another package manager was at work.',
  remediation_disk_full: 'There is not enough room on the disk.',
  remediation_timeout: 'It took longer than was allowed.',
  remediation_failed: 'The package manager failed. Its own words are below.',
  remediation_malformed: 'The sensor did not understand the order.',
  no_answer: 'It fetched the order and never answered.',
  interrupted: 'Its sensor ended in the middle. What the package database says counts.',
  remediation_off: 'Remediation is switched off in this sensor’s configuration.',
}
/** What a code of a sensor means. */
export const codeText = (code: string): string => CODES[code] ?? humanise(code)
