import { expect, it } from 'vitest'
import { MOST_BYTES, sizeFault, uploadFault, uploadName, uploadQuery } from '../src/pages/uploads/upload'

it.each([
  ['list.csv', 'list.csv'],
  ['My list (1).csv', 'My-list-1-.csv'],
  ['../../etc/passwd', 'etc-passwd'],
  ['.hidden', 'hidden'],
  ['Übersicht.tsv', 'U-bersicht.tsv'],
  [`${'a'.repeat(200)}.csv`, `${'a'.repeat(96)}.csv`],
])('makes a name of %j that queries can write', (file, name) => {
  expect(uploadName(file)).toBe(name)
  expect(uploadFault(name)).toBeUndefined()
})

it('says what is wrong with a name or a size', () => {
  expect(uploadFault('')).toBeDefined()
  expect(uploadFault('a b')).toBeDefined()
  expect(uploadFault('a'.repeat(101))).toBeDefined()
  expect(sizeFault(MOST_BYTES)).toBeUndefined()
  expect(sizeFault(MOST_BYTES + 1)).toContain('64 MiB')
})

it('begins a query that a name cannot leave', () => expect(uploadQuery('a"b')).toContain('["upload:a\\"b"]'))
