import { execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, type APIRequestContext } from '@playwright/test'

export const csrf = { 'X-Palisade-Csrf': '1' }

async function post<T>(request: APIRequestContext, path: string, data: unknown): Promise<T> {
  const answer = await request.post(path, { data, headers: csrf })
  expect(answer.ok(), await answer.text()).toBe(true)
  return (await answer.json()) as T
}

/** A subscription of its own for a test, so that their order is free. */
export async function subscription(request: APIRequestContext, name: string): Promise<string> {
  return (await post<{ id: string }>(request, '/api/v1/subscriptions', { name, kind: 'ssh' })).id
}

/** An SSH key of its own, and its public half. */
export function sshKey(): { key: string; pub: string } {
  const folder = mkdtempSync(join(tmpdir(), 'pal-key-'))
  try {
    const file = join(folder, 'key')
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', 'palisade-e2e', '-f', file])
    return { key: readFileSync(file, 'utf8'), pub: readFileSync(`${file}.pub`, 'utf8') }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** A port of this host where nobody listens. */
export async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  await new Promise((resolve) => server.close(resolve))
  return port
}

/** A connector to machines of this host where nothing listens; each of them is unhealthy soon. */
export async function silentConnector(request: APIRequestContext, subscription_id: string, name: string, machines: string[]): Promise<string> {
  const port = await freePort()
  const inventory = machines.map((machine) => `127.0.0.1:${port} name=${machine}`).join('\n')
  const settings = { inventory, form: 'list' }
  const body = { subscription_id, kind: 'ssh', name, settings, credential: { private_key: sshKey().key } }
  return (await post<{ id: string }>(request, '/api/v1/connectors', body)).id
}

/** A real sshd on this host with host keys of its own; root may log in with the key. */
export async function sshd(pub: string): Promise<{ port: number; fingerprint: string; end: () => Promise<void> }> {
  const folder = mkdtempSync(join(tmpdir(), 'pal-sshd-'))
  const port = await freePort()
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(folder, 'host')])
  writeFileSync(join(folder, 'keys'), pub, { mode: 0o600 })
  execFileSync('mkdir', ['-p', '/run/sshd'])
  const options = [`HostKey ${folder}/host`, `AuthorizedKeysFile ${folder}/keys`, `PidFile ${folder}/pid`, `Port ${port}`, 'ListenAddress 127.0.0.1', 'PermitRootLogin prohibit-password', 'PasswordAuthentication no', 'UsePAM no', 'StrictModes no']
  const child = spawn('/usr/sbin/sshd', ['-D', '-f', '/dev/null', ...options.flatMap((option) => ['-o', option])], { stdio: 'ignore' })
  const over = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  const said = execFileSync('ssh-keygen', ['-lf', join(folder, 'host.pub')], { encoding: 'utf8' })
  return {
    port,
    fingerprint: said.split(' ')[1]!,
    end: async () => {
      child.kill()
      await over
      rmSync(folder, { recursive: true })
    },
  }
}
