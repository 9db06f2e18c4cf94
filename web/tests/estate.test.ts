import { expect, test } from 'vitest'
import { formatSeconds, joinSeconds, splitSeconds } from '../src/lib/duration'
import { connectorSearch, healthSearch, machinesSearch } from '../src/lib/search'
import { awsDraft, awsReady, linesOf, newAws, newSsh, sshDraft, sshReady } from '../src/pages/connectors/settings'
import { planPart } from '../src/pages/connectors/words'
import { scaleTop, trendShape } from '../src/pages/health/trendPath'
import { tagsOf, tagsText } from '../src/pages/machines/tags'
import { MACHINE_VERBS, named, VERB_KEYS } from '../src/pages/machines/verbs'
import type { Machine } from '../src/api/types'

test('an SSH connector: what the server takes, and what is still missing', () => {
  const draft = { ...newSsh(), inventory: 'web-1', privateKey: ' -----BEGIN KEY-----\nabc\n-----END KEY----- ' }
  expect(sshReady(draft, false)).toEqual({
    settings: { inventory: 'web-1', form: 'list', user: 'root', port: 22, sudo: true, key: { from: 'secret' } },
    credential: { private_key: '-----BEGIN KEY-----\nabc\n-----END KEY-----\n' },
  })
  expect(sshReady({ ...draft, privateKey: '' }, false)).toBeUndefined()
  // A connector that has a key keeps it.
  expect(sshReady({ ...draft, privateKey: '' }, true)).toEqual({ settings: expect.any(Object) })
  for (const bad of [{ inventory: ' ' }, { user: '' }, { port: '0' }, { port: '65536' }, { port: 'ssh' }]) expect(sshReady({ ...draft, ...bad }, false)).toBeUndefined()
  const agent = { ...draft, key: 'agent' as const, socket: '/run/agent.sock' }
  expect(sshReady(agent, false)).toEqual({ settings: expect.objectContaining({ key: { from: 'agent', socket: '/run/agent.sock' } }) })
  expect(sshReady({ ...agent, socket: 'agent.sock' }, true)).toBeUndefined()
})

test('what a connector has is filled in anew, its credential never', () => {
  const made = sshReady({ ...newSsh(), inventory: 'a\nb', user: 'deploy', port: '2222', sudo: false, privateKey: 'x' }, false)!
  expect(sshDraft(made.settings)).toEqual({ ...newSsh(), inventory: 'a\nb', user: 'deploy', port: '2222', sudo: false })
  expect(sshDraft({ inventory: 'a' })).toEqual({ ...newSsh(), inventory: 'a' })
  expect(awsDraft({ region: 'eu-central-1', only_tags: ['a', 'b=c'] })).toEqual({ ...newAws(), region: 'eu-central-1', tags: 'a\nb=c' })
})

test('an AWS connector needs both halves of its key, or neither where it has one', () => {
  const draft = { ...newAws(), region: 'eu-central-1', accessKey: 'AKIA', secretKey: 's', tags: 'env=prod\n\n owner ' }
  expect(awsReady(draft, false)).toEqual({
    settings: { region: 'eu-central-1', only_tags: ['env=prod', 'owner'] },
    credential: { access_key_id: 'AKIA', secret_access_key: 's' },
  })
  expect(awsReady({ ...draft, secretKey: '' }, false)).toBeUndefined()
  expect(awsReady({ ...draft, secretKey: '' }, true)).toBeUndefined()
  expect(awsReady({ ...draft, accessKey: '', secretKey: '' }, true)).toEqual({ settings: expect.any(Object) })
  expect(linesOf('\n a \n\nb')).toEqual(['a', 'b'])
})

test('each machine of a dry run counts to one part', () => {
  expect(['install', 'look', 'adopt', 'stop', 'exclude', 'when_it_runs', 'by_itself'].map(planPart)).toEqual(['install', 'install', 'adopt', 'left', 'left', 'left', 'left'])
})

test('durations go to the largest unit that holds them whole, and back', () => {
  expect(splitSeconds(900)).toEqual({ amount: 15, unit: 'minutes' })
  expect(splitSeconds(86_400)).toEqual({ amount: 1, unit: 'days' })
  expect(splitSeconds(90_000)).toEqual({ amount: 25, unit: 'hours' })
  expect(splitSeconds(61)).toEqual({ amount: 61, unit: 'seconds' })
  for (const seconds of [1, 61, 180, 3_600, 5_400, 604_800]) {
    const { amount, unit } = splitSeconds(seconds)
    expect(joinSeconds(String(amount), unit)).toBe(seconds)
  }
  for (const bad of ['', '0', '-1', '1.5', 'x']) expect(joinSeconds(bad, 'minutes')).toBeUndefined()
  expect([formatSeconds(86_400), formatSeconds(180)]).toEqual(['1 day', '3 minutes'])
})

test('the course is drawn as steps between a round scale’s lines', () => {
  expect([1, 2, 3, 6, 11, 21, 51, 100, 101].map(scaleTop)).toEqual([1, 2, 5, 10, 20, 50, 100, 100, 200])
  const at = (installation: number, heartbeat: number) => ({ at: '2026-11-28T00:00:00Z', installation, heartbeat })
  const shape = trendShape([at(0, 0), at(4, 0), at(4, 2)])
  expect(shape.top).toBe(5)
  // It begins on the ground, and goes up where the machines do; no line slants.
  expect(shape.paths.installation).toMatch(/^M36\.0,156\.0H[\d.]+V[\d.]+H712\.0V[\d.]+$/)
  expect(shape.lines.map((l) => l.value)).toEqual([0, 5])
  expect(shape.marks.map((m) => m.index)).toEqual([0, 1, 2])
  expect(trendShape([at(0, 0)]).paths.heartbeat).toBe('M36.0,156.0')
})

test('tags are lines with one key each', () => {
  expect(tagsOf('env=prod\n spare \nurl=a=b\n')).toEqual({ env: 'prod', spare: '', url: 'a=b' })
  for (const bad of ['=x', 'a\na=b']) expect(tagsOf(bad)).toBeUndefined()
  expect(tagsOf(tagsText({ b: '', a: '1' }))).toEqual({ a: '1', b: '' })
  expect(tagsText({ b: '', a: '1' })).toBe('a=1\nb')
})

test('a verb is offered where it fits the machine’s state', () => {
  const machine = { retired_at: null, offboarded_at: null, exclusion: '', extension: 'on' } as Machine
  const offered = (m: Machine) => VERB_KEYS.filter((key) => MACHINE_VERBS[key].fits(m))
  expect(offered(machine)).toEqual(['fix', 'move', 'exclude', 'redeploy', 'offboard'])
  expect(offered({ ...machine, exclusion: 'ours', extension: 'off' })).toEqual(['fix', 'move', 'include', 'offboard'])
  expect(offered({ ...machine, offboarded_at: '2026-11-28T00:00:00Z' })).toEqual(['move', 'exclude', 'redeploy', 'onboard'])
  expect(offered({ ...machine, retired_at: '2026-11-28T00:00:00Z' })).toEqual([])
  // What takes something away asks why.
  expect(VERB_KEYS.filter((key) => !MACHINE_VERBS[key].reason)).toEqual(['fix', 'include'])
  expect([named([{ name: 'a' }]), named([{ name: 'a' }, { name: 'b' }]), named([{ name: 'a' }, { name: 'b' }, { name: 'c' }])]).toEqual(['a', 'a and b', '3 machines'])
})

test('addresses of the estate’s pages: what is wrong is dropped', () => {
  expect(machinesSearch({ status: 'healthy,odd,pending', kind: 'odd', sort: 'age', order: 'up', gone: 'true' })).toMatchObject({ status: 'healthy,pending', kind: undefined, sort: undefined, order: undefined, gone: true })
  expect(machinesSearch({ kind: 'heartbeat', sort: 'system', order: 'desc', connector: 'x' })).toMatchObject({ kind: 'heartbeat', sort: 'system', order: 'desc', connector: 'x' })
  expect(connectorSearch({ tab: 'keys', plan: 'x' })).toEqual({ tab: 'keys', plan: undefined })
  expect(healthSearch({ range: '7d', tab: 'odd', kind: 'installation', open: 'heartbeat_lost' })).toEqual({ range: '7d', tab: undefined, kind: 'installation', open: 'heartbeat_lost' })
})
