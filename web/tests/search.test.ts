import { describe, expect, it } from 'vitest'
import { devicesSearch, huntingSearch, openSearch, setupSearch, signInSearch, timelineSearch, toggleWord, treeSearch } from '../src/lib/search'

describe('device list', () => {
  it('keeps what is allowed and drops the rest', () => {
    expect(devicesSearch({ search: 'web', health: 'active,bogus,active', sort: 'last_seen', order: 'desc', extra: 1 })).toEqual({
      search: 'web',
      health: 'active',
      sort: 'last_seen',
      order: 'desc',
    })
    expect(devicesSearch({ search: '', health: 'x', sort: 'constructor', order: 'down' })).toEqual({})
  })
  it('names what it drops, so that the router does not keep it', () => {
    expect(Object.keys(devicesSearch({ health: 'x' }))).toContain('health')
    expect(Object.keys(signInSearch({ next: '//evil.example' }))).toEqual(['next'])
  })
  it('takes a number as text: the address parser makes one of 2024', () => {
    expect(devicesSearch({ search: 2024 })).toEqual({ search: '2024' })
  })
})

describe('timeline, tree, hunting', () => {
  it('range', () => {
    expect(timelineSearch({ range: '7d', tables: 'DeviceFileEvents,,DeviceFileEvents,DeviceInfo' })).toEqual({ range: '7d', tables: 'DeviceFileEvents' })
    expect(timelineSearch({ range: 'always', from: 'yesterday', tables: 'Nothing' })).toEqual({})
    expect(timelineSearch({ from: '2026-11-23T12:00:00Z' })).toEqual({ from: '2026-11-23T12:00:00Z' })
  })
  it('tree', () => {
    expect(treeSearch({ process: 42, view: 'list', at: '2026-11-23T12:00:00Z' })).toEqual({ process: '42', view: 'list', at: '2026-11-23T12:00:00Z' })
    expect(treeSearch({})).toEqual({ process: '' })
  })
  it('hunting', () => {
    expect(huntingSearch({ q: 'T | take 1', deadline: '30', row: '0', run: 'true', sort: 'A:desc' })).toEqual({ q: 'T | take 1', deadline: 30, row: 0, run: true, sort: 'A:desc' })
    expect(huntingSearch({ deadline: 31, row: -1, run: 'yes', shelf: 'attic' })).toEqual({})
    expect(huntingSearch({ shelf: 'recent' })).toEqual({ shelf: 'recent' })
  })
})

describe('going back after sign-in', () => {
  it.each([['/devices?x=1', '/devices?x=1'], ['https://evil.example', undefined], ['//evil.example', undefined], ['/\\evil.example', undefined], ['javascript:alert(1)', undefined]])(
    '%s',
    (next, kept) => expect(signInSearch({ next }).next).toBe(kept),
  )
})

it('toggles a word', () => {
  expect(toggleWord(undefined, 'a')).toBe('a')
  expect(toggleWord('a', 'b')).toBe('a,b')
  expect(toggleWord('a,b', 'a')).toBe('b')
  expect(toggleWord('a', 'a')).toBeUndefined()
})

it('reads the open row of a plain list', () => {
  expect(openSearch({ open: 'x', other: 1 })).toEqual({ open: 'x' })
  expect(openSearch({ open: '' })).toEqual({})
})

it('reads a set-up token', () => {
  expect(setupSearch({ token: 'abc' })).toEqual({ token: 'abc' })
  expect(setupSearch({})).toEqual({})
})
