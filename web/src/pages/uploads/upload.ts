import { formatBytes, kqlString } from '../../lib/format'

/** The most that the server takes in one file, bytes. */
export const MOST_BYTES = 64 * 1024 * 1024
const LONGEST = 100

/** A name that queries can write, made of a file's own. */
export function uploadName(file: string): string {
  return file.normalize('NFKD').replace(/[^A-Za-z0-9._-]+/g, '-').replace(/^[-.]+/, '').slice(-LONGEST)
}

/** Why a name is none; undefined where it is one. The server has the last word. */
export function uploadFault(name: string): string | undefined {
  if (name === '') return 'Give it a name.'
  return name.length <= LONGEST && /^[A-Za-z0-9._-]+$/.test(name) ? undefined : `At most ${LONGEST} letters, digits, “-”, “_” and “.”.`
}

export const sizeFault = (bytes: number): string | undefined => (bytes > MOST_BYTES ? `It has ${formatBytes(bytes)}; a file has at most ${formatBytes(MOST_BYTES)}.` : undefined)

/** A query over a file to begin with; its columns have to be named. */
export const uploadQuery = (name: string): string => `externaldata(First:string, Second:string)\n[${kqlString(`upload:${name}`)}]\n| take 100\n`
