import { describe, expect, it } from 'vitest'
import { blocksAsked, blocksSearch, remediationsSearch } from '../src/lib/remediationSearch'
import { codeText, proofOf, restartText, versionsText } from '../src/pages/remediation/proof'
import { dueOf, runDraft, runFaults, runOf } from '../src/pages/remediation/runDraft'
import { approvable, deedsOf, runText, windowText, zoneText } from '../src/pages/remediation/words'

const run = { at_once: 3, canary: true, soak_minutes: 30, window: { weekdays: [6, 0], start: '22:00', minutes: 90, timezone_offset_minutes: 60 }, name_never_touch: ['openssh'] }

describe('how a remediation is carried out', () => {
  it('is asked for in the contract’s words, and read back the same', () => {
    expect(runOf(runDraft(run))).toEqual({ ...run, window: { ...run.window, weekdays: [0, 6] } })
    expect(runOf({ ...runDraft(run), windowed: false })?.window).toBeNull()
    expect(runOf({ ...runDraft(run), canary: false, soak: 'no matter' })).toMatchObject({ canary: false, soak_minutes: 0 })
    expect(runOf({ ...runDraft(), named: ' openssh \n\n linux-image-amd64' })?.name_never_touch).toEqual(['openssh', 'linux-image-amd64'])
  })

  it('is not asked for while a field is wrong', () => {
    expect(Object.keys(runFaults({ ...runDraft(run), atOnce: '101', start: '24:00', minutes: '0', weekdays: [], soak: '10081' })).sort()).toEqual(['atOnce', 'minutes', 'soak', 'start', 'weekdays'])
    expect(runOf({ ...runDraft(run), atOnce: '0' })).toBeUndefined()
    expect(runFaults(runDraft())).toEqual({})
  })

  it('is due at the end of the chosen day, in local time', () => {
    expect(dueOf('2026-12-24')).toBe(new Date(2026, 11, 24, 23, 59, 59).toISOString())
    expect(dueOf('')).toBeUndefined()
  })

  it('is told in words', () => {
    expect(zoneText(0)).toBe('UTC')
    expect(zoneText(330)).toBe('UTC+05:30')
    expect(zoneText(-210)).toBe('UTC−03:30')
    expect(windowText(run.window)).toBe('on Monday, Sunday from 22:00 for 90 minutes (UTC+01:00)')
    expect(windowText({ ...run.window, weekdays: [0, 1, 2, 3, 4, 5, 6] })).toContain('every day')
    expect(runText(run)).toBe('By sensors: one machine first, the others once its inventory shows the fix and has stood for 30 minutes; at most 3 at once, on Monday, Sunday from 22:00 for 90 minutes (UTC+01:00)')
    expect(runText(null)).toContain('By people')
  })
})

describe('what can be done about a remediation', () => {
  const of = (state: string, more = {}) => ({ state, run, approved_at: '2026-11-29T08:00:00Z', reason_code: '', ...more })
  it('follows its state', () => {
    expect(deedsOf(of('requested', { approved_at: null }))).toEqual(['cancel'])
    expect(deedsOf(of('running'))).toEqual(['pause', 'rollback', 'cancel'])
    expect(deedsOf(of('paused'))).toEqual(['resume', 'rollback', 'cancel'])
    expect(deedsOf(of('paused', { reason_code: 'rolling_back' }))).toEqual(['resume', 'cancel'])
    expect(deedsOf(of('completed'))).toEqual(['rollback'])
    expect(deedsOf(of('cancelled'))).toEqual([])
    expect(deedsOf(of('requested', { run: null, approved_at: null }))).toEqual(['cancel'])
  })
  it('is approved only where sensors carry it out and it does not go on', () => {
    expect(['requested', 'checked', 'stopped', 'running', 'paused', 'completed'].map((state) => approvable({ state, run }))).toEqual([true, true, true, false, false, false])
    expect(approvable({ state: 'requested', run: null })).toBe(false)
  })
})

describe('a sensor’s proof', () => {
  const proof = {
    phase: 'apply', manager: 'dpkg', exit_code: 0, took_ms: 1234, output: 'done',
    before: [{ name: 'libssl3', arch: 'amd64', version: '3.0.17-1' }, { name: 'openssl', arch: 'amd64', version: '3.0.17-1' }],
    after: [{ name: 'libssl3', arch: 'amd64', version: '3.0.20-1' }, { name: 'openssl', arch: 'amd64', version: '3.0.20-1' }],
    would_change: [], changed: [{ name: 'openssl', arch: 'amd64', from: '3.0.17-1', to: '3.0.20-1' }],
    commands: [['apt-get', '-y', 'install', 'openssl=3.0.20-1'], ['echo', "it's done"]],
    rollback: { possible: false, reason: 'not kept' }, restart: { services: ['ssh.service'], reboot: true },
  }
  it('is read with its versions, its commands and what has to start again', () => {
    const read = proofOf(proof)!
    expect(versionsText(read.before)).toBe('3.0.17-1')
    expect(read.commands).toEqual(['apt-get -y install openssl=3.0.20-1', `echo 'it'\\''s done'`])
    expect(read.changed[0]).toEqual({ name: 'openssl', arch: 'amd64', from: '3.0.17-1', to: '3.0.20-1' })
    expect(restartText(read)).toBe('ssh.service, the machine')
    expect(read.rollback).toEqual({ possible: false, reason: 'not kept' })
  })
  it('is never made up where there is none', () => {
    expect(proofOf(null)).toBeUndefined()
    expect(proofOf({})).toBeUndefined()
    expect(proofOf({ phase: 'dry_run', commands: 'no list', restart: null })).toMatchObject({ phase: 'dry_run', commands: [], services: [], reboot: false, rollback: undefined, exitCode: undefined })
    expect(codeText('remediation_locked')).toContain('package manager')
    expect(codeText('something_new')).toBe('Something new')
  })
})

describe('addresses of remediations and blocks', () => {
  it('keep what pages know and drop the rest', () => {
    expect(remediationsSearch({ state: 'running,made-up', overdue: 'true', owner: 'x' })).toEqual({ state: 'running', recommendation: undefined, device: undefined, overdue: true })
    expect(blocksSearch({ state: 'never', mode: 'block' })).toEqual({ state: undefined, mode: 'block', panel: undefined })
    expect(blocksAsked({})).toEqual({ state: 'active', mode: undefined })
    expect(blocksAsked({ state: 'all', mode: 'warn' })).toEqual({ state: undefined, mode: 'warn' })
  })
})
