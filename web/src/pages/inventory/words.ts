import type { DeviceShare } from '../../api/types'

/** What about a share lets more in than it should, worst first. */
export function shareRisks(share: Pick<DeviceShare, 'anonymous' | 'clients' | 'root_kept' | 'writable'>): string[] {
  const everybody = share.clients.length === 0 || share.clients.includes('*')
  return [
    share.anonymous && (share.writable ? 'Anybody writes without a name' : 'Anybody reads without a name'),
    share.root_kept && 'Remote root is root here',
    everybody && 'Every address may mount it',
  ].filter((risk) => risk !== false)
}

/** Of the kernel's words on weaknesses of the processor those that call it vulnerable. */
export const openWeaknesses = (words: string[]): string[] => words.filter((word) => /(^|[:=]\s*)vulnerable\b/i.test(word))
