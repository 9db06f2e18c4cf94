import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const told = (name: string): string => {
  const value = process.env[name]
  if (!value) throw new Error(`${name} is not set: \`make console-test\` makes the machine that these tests need`)
  return value
}

/** The throw-away machine of `crates/e2e/tests/e2e/console.rs`: a root of its own with a sensor. */
export const thrown = {
  device: () => told('PALISADE_DEVICE'),
  /** What dpkg has as the version of an installed package. */
  installed(name: string): string | undefined {
    const records = readFileSync(join(told('PALISADE_ROOT'), 'var/lib/dpkg/status'), 'utf8').split('\n\n')
    const own = records.find((record) => record.startsWith(`Package: ${name}\n`))
    return own && /^Version: (.*)$/m.exec(own)?.[1]
  },
  /** Lets the upgrade go on that waits for it. */
  go(): void {
    writeFileSync(join(told('PALISADE_ROOT'), 'go'), '')
  },
  /** Starts a program of the machine: whether it ran, or what the kernel said. */
  start(path: string): string {
    const { error, status, signal } = spawnSync(join(told('PALISADE_ROOT'), path), ['0'])
    return error ? String((error as NodeJS.ErrnoException).code) : status === 0 ? 'ran' : `ended by ${signal ?? status}`
  },
}
