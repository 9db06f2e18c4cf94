import { beforeEach, describe, expect, it, vi } from 'vitest'
import type { HuntingSchema } from '../src/api/types'
import { columnWidth } from '../src/pages/hunting/columnWidth'
import { keepDraft, keptDraft } from '../src/pages/hunting/draft'
import { kustoFunction, kustoSchema } from '../src/pages/hunting/editor/kustoSchema'
import { counterQuery, eventQuery } from '../src/pages/hunting/samples'

describe('drafts', () => {
  beforeEach(() => {
    const kept = new Map<string, string>()
    vi.stubGlobal('sessionStorage', { getItem: (key: string) => kept.get(key) ?? null, setItem: (key: string, text: string) => kept.set(key, text) })
  })
  it('keeps one for each query of the address', () => {
    keepDraft('A', 'A and more')
    keepDraft('B', 'B and more')
    expect(keptDraft('A')).toBe('A and more')
    expect(keptDraft('C')).toBeUndefined()
  })
  it('brings the last one back where the address names no query', () => {
    keepDraft('A', 'A and more')
    expect(keptDraft(undefined)).toBe('A and more')
    keepDraft(undefined, 'written from nothing')
    expect(keptDraft(undefined)).toBe('written from nothing')
    expect(keptDraft('A')).toBe('A and more')
  })
  it('forgets the oldest beyond ten, and reads what is broken as nothing', () => {
    for (let i = 0; i < 12; i++) keepDraft(`q${i}`, `text ${i}`)
    expect(keptDraft('q1')).toBeUndefined()
    expect(keptDraft('q2')).toBe('text 2')
    sessionStorage.setItem('palisade.hunting.drafts', '{"base":1}')
    expect(keptDraft('q2')).toBeUndefined()
    sessionStorage.setItem('palisade.hunting.drafts', 'no JSON')
    expect(keptDraft(undefined)).toBeUndefined()
  })
})

it('gives a column a width by its type and its first rows, within bounds', () => {
  expect(columnWidth({ name: 'T', type: 'datetime' }, [], 0)).toBe(180)
  expect(columnWidth({ name: 'N', type: 'long' }, [[1]], 0)).toBe(80)
  expect(columnWidth({ name: 'Command', type: 'string' }, [['x'.repeat(500)]], 0)).toBe(420)
})

it('tells the editor of our tables with types, and why a column is empty', () => {
  const schema: HuntingSchema = {
    functions: [{ name: 'Own', parameters: '(T:(a:long), ip:string, n:long = 5)', description: '', folder: 'Net', columns: [{ name: 'A b', type: 'string' }] }],
    tables: [{ name: 'T', kind: 'event', description: 'Rows', action_types: [], additional_fields: [], types: [], columns: [
      { name: 'At', type: 'datetime', description: 'When', filled: true, reason: null },
      { name: 'Odd', type: 'something', description: 'What', filled: false, reason: 'no source on Linux' },
    ] }],
  }
  expect(kustoSchema(schema).database?.tables[0]?.columns).toEqual([
    { name: 'At', type: 'System.DateTime', docstring: 'When' },
    { name: 'Odd', type: 'System.Object', docstring: 'What (not filled: no source on Linux)' },
  ])
  expect(kustoSchema(schema).database?.functions).toEqual([
    {
      name: 'Own',
      body: "{ datatable(['A b']:string)[] }",
      docstring: 'A function of this tenant in Net.',
      inputParameters: [
        { name: 'T', columns: [{ name: 'a', type: 'System.Int64', cslType: 'long' }] },
        { name: 'ip', type: 'System.String', cslType: 'string' },
        { name: 'n', type: 'System.Int64', cslType: 'long', cslDefaultValue: '5' },
      ],
    },
  ])
  expect(kustoFunction({ name: 'F', parameters: '()', description: 'Says', folder: '', columns: null })).toEqual({ name: 'F', body: '{ dynamic(null) }', docstring: 'Says', inputParameters: [] })
})

it('writes queries that text cannot leave', () => {
  expect(eventQuery('T', 'a"b', 7)).toBe('T\n| where DeviceId == "a\\"b" and ReportId == 7\n')
  expect(counterQuery('d', 'x"y')).toContain('Kind == "x\\"y"')
})
