import type { BaselineOfDevice, BaselineProfile } from '../../api/types'

export const CATEGORY_WORDS: Record<string, string> = {
  application: 'Application',
  os: 'Operating system',
  network: 'Network',
  accounts: 'Accounts',
  security_controls: 'Security controls',
}

export const STATE_WORDS: Record<string, string> = {
  compliant: 'Compliant',
  not_compliant: 'Not compliant',
  not_applicable: 'Does not apply',
  not_evaluated: 'Could not be told',
}

/** Why something could not be told. */
export const REASON_WORDS: Record<string, string> = {
  permission_denied: 'The file is there, and the sensor may not read it.',
  unreadable: 'A file cannot be read.',
  too_large: 'A file is larger than the bound.',
  foreign_file_system: 'It lies on a network or pseudo file system.',
  malformed: 'A file is not what its name says.',
  budget: 'There are more files than the bound, or the time was over.',
  not_live: 'Only a running system can tell.',
  no_packages: 'The database of packages cannot be read.',
}

/** Catalogues that a check is mapped to. */
const REFERENCE_WORDS = { cis: 'CIS', stig: 'STIG', cce: 'CCE', nist: 'NIST SP 800-53', attack: 'ATT&CK' } as const

/** Ids of other catalogues, by their names; those that it has. */
export function referencesOf(references: unknown): [string, string[]][] {
  const found = (references ?? {}) as Record<string, unknown>
  return Object.entries(REFERENCE_WORDS).flatMap(([key, label]): [string, string[]][] => {
    const ids = Array.isArray(found[key]) ? found[key].map(String) : []
    return ids.length ? [[label, ids]] : []
  })
}

/** "94.3 %"; what was never run has no share. */
export const percentText = (percent: number | null): string => (percent === null ? 'not run' : `${percent.toFixed(percent === 100 || percent === 0 ? 0 : 1)} %`)

/** Where a profile is run. */
export function assignedText(p: Pick<BaselineProfile, 'all_devices' | 'device_groups'>): string {
  if (p.all_devices) return 'All devices'
  return p.device_groups.map((g) => g.name).join(', ')
}

/** Why what is shown of a device may not be how it is now; empty where it is. */
export function staleText(b: Pick<BaselineOfDevice, 'current' | 'error'>): string {
  if (b.error) return b.error
  return b.current ? '' : 'It was last run as an earlier version of the profile, or is not assigned any more.'
}

/** A value as it is shown. */
export const valuesText = (values: Record<string, unknown>): string =>
  Object.entries(values).map(([name, value]) => `${name} = ${String(value)}`).join(', ')
