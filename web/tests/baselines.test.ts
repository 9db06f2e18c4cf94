import { describe, expect, it } from 'vitest'
import type { BaselineCheck, BaselineParameter } from '../src/api/types'
import { firstFault, leftOutBy, names, rangeText, runs, toggleCheck, valueFault, withValue } from '../src/lib/baselineProfile'
import { baselineSearch, deviceBaselineSearch, secureScoreSearch } from '../src/lib/baselineSearch'
import { assignedText, percentText, referencesOf, staleText, valuesText } from '../src/pages/baselines/words'

const tries: BaselineParameter = { name: 'limit', what: 'Tries', default: 4, min: 1, max: 6, one_of: [] }
const check: BaselineCheck = { id: 'ssh.max_auth_tries', title: 'Tries of signing in are few', why: '', fix: '', severity: 'medium', category: 'network', level: 1, impact: 5, parameters: [tries], references: {} }

describe('which checks a profile runs', () => {
  const base = new Set(['ssh.root', 'ssh.max_auth_tries'])
  it('reads names and patterns', () => {
    expect(names('ssh.*', 'ssh.root')).toBe(true)
    expect(names('ssh.*', 'sshd.root')).toBe(false)
    expect(names('ssh.root', 'ssh.root_login')).toBe(false)
    expect(runs('audit.time', base, { checks: ['audit.*'], without: [] })).toBe(true)
    expect(runs('audit.time', base, { checks: ['audit.*'], without: ['audit.time'] })).toBe(false)
  })
  it('is changed by as few names as it takes', () => {
    const none = { checks: [], without: [] }
    const off = toggleCheck('ssh.root', false, base, none)
    expect(off).toEqual({ checks: [], without: ['ssh.root'] })
    expect(toggleCheck('ssh.root', true, base, off)).toEqual(none)
    const on = toggleCheck('audit.time', true, base, none)
    expect(on).toEqual({ checks: ['audit.time'], without: [] })
    expect(toggleCheck('audit.time', false, base, on)).toEqual(none)
    expect(toggleCheck('audit.time', false, base, { checks: ['audit.*'], without: [] })).toEqual({ checks: ['audit.*'], without: ['audit.time'] })
  })
  it('says which pattern leaves a check out', () => {
    expect(leftOutBy('ssh.root', { checks: [], without: ['ssh.*'] })).toBe('ssh.*')
    expect(leftOutBy('ssh.root', { checks: [], without: ['ssh.root'] })).toBeUndefined()
  })
})

describe('thresholds', () => {
  it('have a type and a range; an empty one is inherited', () => {
    expect([valueFault(tries, ''), valueFault(tries, '6')]).toEqual([undefined, undefined])
    expect(valueFault(tries, '7')).toBe('1 to 6')
    expect(valueFault(tries, 'four')).toBe('A whole number')
    expect(rangeText({ min: 2, max: null })).toBe('2 and more')
    expect(rangeText({ min: null, max: null })).toBe('')
  })
  it('are set and taken away', () => {
    const set = withValue({}, check.id, tries, '3')
    expect(set).toEqual({ 'ssh.max_auth_tries': { limit: 3 } })
    expect(withValue(set, check.id, tries, ' ')).toEqual({})
    expect(withValue({ a: { b: 1 } }, check.id, { ...tries, default: 'INFO' }, 'VERBOSE')).toEqual({ a: { b: 1 }, 'ssh.max_auth_tries': { limit: 'VERBOSE' } })
  })
  it('name the first that is wrong', () => {
    expect(firstFault({ 'ssh.max_auth_tries': { limit: 9 } }, [check])).toBe('Tries of signing in are few: Tries: 1 to 6')
    expect(firstFault({}, [check])).toBeUndefined()
  })
})

describe('words of baselines', () => {
  it('never take what was not run for a share', () => {
    expect([percentText(null), percentText(0), percentText(94.25), percentText(100)]).toEqual(['not run', '0 %', '94.3 %', '100 %'])
    expect(staleText({ current: true, error: '' })).toBe('')
    expect(staleText({ current: false, error: '' })).toContain('earlier version')
    expect(staleText({ current: false, error: 'no such profile' })).toBe('no such profile')
  })
  it('say where a profile is run, and what a check is called elsewhere', () => {
    expect(assignedText({ all_devices: true, device_groups: [] })).toBe('All devices')
    expect(assignedText({ all_devices: false, device_groups: [{ id: '1', name: 'web' }, { id: '2', name: 'db' }] })).toBe('web, db')
    expect(referencesOf({ attack: ['T1021'], cis: ['5.1'], stig: [], other: ['x'] })).toEqual([['CIS', ['5.1']], ['ATT&CK', ['T1021']]])
    expect(referencesOf(null)).toEqual([])
    expect(valuesText({ limit: 3, word: 'a' })).toBe('limit = 3, word = a')
  })
})

it('addresses of baselines keep what pages know and drop the rest', () => {
  expect(baselineSearch({ tab: 'devices', severity: 'high,critical', state: 'broken', category: 'os' })).toEqual({ search: undefined, severity: 'high', category: 'os', state: undefined, panel: undefined, tab: 'devices' })
  expect(deviceBaselineSearch({ profile: 'web', state: 'compliant' })).toMatchObject({ profile: 'web', state: 'compliant' })
  expect(secureScoreSearch({ range: '7d' }).range).toBeUndefined()
})
