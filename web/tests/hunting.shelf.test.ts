import { describe, expect, it } from 'vitest'
import { ApiError } from '../src/api/errors'
import { everyPage } from '../src/api/queries/everyPage'
import { folderNames, folderTree, matching } from '../src/lib/folders'
import { huntingSearch } from '../src/lib/search'
import { isConflict } from '../src/pages/hunting/ConflictBar'
import { diagnosticsOf } from '../src/pages/hunting/diagnostics'
import { nameAt } from '../src/pages/hunting/editor/nameAt'
import { callOf, nameFault, parametersOf, textOf } from '../src/pages/hunting/functionText'
import { linkAddress, linkDeadline } from '../src/pages/hunting/links'
import { functionPanel, panelOf, tablePanel } from '../src/pages/hunting/panel'
import { isMine } from '../src/pages/hunting/saved'

const filed = (name: string, folder: string, description = '') => ({ name, folder, description })

describe('folders', () => {
  const items = [filed('b10', 'Net/DNS'), filed('b2', ' Net / DNS '), filed('top', ''), filed('a', 'net'), filed('c', 'Net')]
  it('lie in each other, by name', () => {
    const tree = folderTree(items)
    expect(tree.items.map((one) => one.name)).toEqual(['top'])
    expect(tree.folders.map((one) => one.name)).toEqual(['Net', 'net'])
    const net = tree.folders[0]!
    expect(net.items.map((one) => one.name)).toEqual(['c'])
    expect(net.folders[0]).toMatchObject({ name: 'DNS', path: 'Net/DNS' })
    expect(net.folders[0]!.items.map((one) => one.name)).toEqual(['b2', 'b10'])
  })
  it('are named once', () => expect(folderNames(items)).toEqual(['net', 'Net', 'Net/DNS']))
  it('empty parts are none', () => expect(folderTree([filed('x', '//a//')]).folders[0]!.name).toBe('a'))
  it('are searched with every word, in name, folder and description', () => {
    const all = [filed('Beacons', 'Net', 'Regular connections'), filed('Logons', 'Net')]
    expect(matching(all, 'net REGULAR').map((one) => one.name)).toEqual(['Beacons'])
    expect(matching(all, ' ')).toHaveLength(2)
  })
})

describe('parameters of a function', () => {
  it('are read with types, tables and defaults', () => {
    expect(parametersOf('(T:(a:long, b:string), s:string = "x, (y", n:long=5)')).toEqual([
      { name: 'T', type: undefined, columns: [{ name: 'a', type: 'long' }, { name: 'b', type: 'string' }], value: undefined },
      { name: 's', type: 'string', columns: undefined, value: '"x, (y"' },
      { name: 'n', type: 'long', columns: undefined, value: '5' },
    ])
    expect(parametersOf('(T:(*))')).toEqual([{ name: 'T', type: undefined, columns: [], value: undefined }])
    expect(parametersOf(' () ')).toEqual([])
  })
  it('make its call, and a text that runs by itself', () => {
    expect(callOf({ name: 'F', parameters: '(ip:string, n:long = 5)' })).toBe('F(ip, n)')
    expect(callOf({ name: 'F', parameters: '()' })).toBe('F()')
    expect(callOf({ name: 'F', parameters: '(T:(*), n:long)' })).toBe('invoke F(n)')
    expect(textOf({ name: 'F', parameters: '(T:(a:long))', body: 'T | count' })).toBe('let F = (T:(a:long)) {\nT | count\n};\nT\n| invoke F()\n')
    expect(textOf({ name: 'F', parameters: '()', body: 'DeviceInfo\n' })).toBe('DeviceInfo\n')
    expect(textOf({ name: 'F', parameters: '(n:long = 5)', body: 'DeviceInfo | take n' })).toBe('let F = (n:long = 5) {\nDeviceInfo | take n\n};\nF(n)\n')
  })
  it.each([['', true], ['1a', true], ['a-b', true], ['a'.repeat(129), true], ['Own_2', false]])('name %j', (name, wrong) => expect(nameFault(name) !== undefined).toBe(wrong))
})

describe('the name under the cursor', () => {
  const text = 'DeviceInfo\n| join Own() on DeviceId'
  const known = new Set(['DeviceInfo', 'Own'])
  it('is a table or a function', () => {
    expect(nameAt(text, 3, known, false)).toBe('DeviceInfo')
    expect(nameAt(text, text.indexOf('Own') + 3, known, false)).toBe('Own')
    expect(nameAt(text, text.length, known, false)).toBeUndefined()
  })
  it('or, where somebody asks near it, the one before, then the one after', () => {
    expect(nameAt(text, text.length, known, true)).toBe('Own')
    expect(nameAt('  DeviceInfo', 0, known, true)).toBe('DeviceInfo')
    expect(nameAt('print 1', 0, known, true)).toBeUndefined()
  })
})

describe('links', () => {
  it('are addresses of the hunting page', () => expect(linkAddress('https://host', 'a/b')).toBe('https://host/hunting?link=a%2Fb'))
  it('bring a deadline that can be chosen', () => {
    expect(linkDeadline(180)).toBe(180)
    expect(linkDeadline(60)).toBeUndefined()
    expect(linkDeadline(61)).toBeUndefined()
    expect(linkDeadline(null)).toBeUndefined()
  })
  it('are read from the address', () => expect(huntingSearch({ link: 'abc', saved: 'q1', panel: 'table:DeviceInfo', shelf: 'functions' })).toEqual({ link: 'abc', saved: 'q1', panel: 'table:DeviceInfo', shelf: 'functions' }))
})

it('names panels in the address and reads them again', () => {
  expect(panelOf(functionPanel('F'))).toEqual({ kind: 'function', name: 'F' })
  expect(panelOf(tablePanel('T'))).toEqual({ kind: 'table', name: 'T' })
  expect(panelOf('new-function')).toEqual({ kind: 'new-function' })
  expect(panelOf('table:')).toBeUndefined()
  expect(panelOf(undefined)).toBeUndefined()
})

it('knows whose a saved query is', () => {
  const user = { id: 'u1', email: 'a@example.org' }
  expect(isMine({ owner: 'u1' }, user)).toBe(true)
  expect(isMine({ owner: 'a@example.org' }, user)).toBe(true)
  expect(isMine({ owner: 'u2' }, user)).toBe(false)
  expect(isMine({ owner: 'u1' }, undefined)).toBe(false)
})

describe('what the server refused', () => {
  it('is a conflict of revisions, or not', () => {
    expect(isConflict(new ApiError(409, 'revision_conflict', 'changed'))).toBe(true)
    expect(isConflict(new ApiError(409, 'already_exists', 'there'))).toBe(false)
    expect(isConflict(new Error('x'))).toBe(false)
  })
  it('has its places, and nothing where the answer is another', () => {
    const one = { severity: 'error', code: 'c', message: 'm', line: 2, column: 3, offset: 9, length: 1, suggestion: null }
    expect(diagnosticsOf(new ApiError(400, 'c', 'm', { diagnostics: [one, { message: 'no place' }, null] }))).toEqual([one])
    expect(diagnosticsOf(new ApiError(400, 'c', 'm', 'text'))).toEqual([])
    expect(diagnosticsOf(undefined)).toEqual([])
  })
})

it('reads a list to its end', async () => {
  const pages = [{ items: [1, 2], next_cursor: 'b' }, { items: [3], next_cursor: null }]
  const asked: (string | undefined)[] = []
  const all = await everyPage((cursor) => {
    asked.push(cursor)
    return Promise.resolve(pages[asked.length - 1]!)
  })
  expect(all).toEqual([1, 2, 3])
  expect(asked).toEqual([undefined, 'b'])
})
