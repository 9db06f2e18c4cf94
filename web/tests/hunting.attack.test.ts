import { describe, expect, it } from 'vitest'
import { matrixOf, namesTechnique, OUTSIDE, ROWS, TACTICS, techniqueColumn, techniqueName, techniquesOf, weightColumn } from '../src/pages/hunting/attack/technique'

const text = (name: string) => ({ name, type: 'string' })

describe('technique identifiers', () => {
  it.each([
    ['T1059.004', ['T1059.004']],
    ['T1059, T1059.004;T1003', ['T1059', 'T1059.004', 'T1003']],
    ['["Command and Scripting Interpreter (T1059)","T1003"]', ['T1059', 'T1003']],
    [['T1059', 'T1059'], ['T1059']],
    ['XT10599', []],
    [null, []],
    [7, []],
  ])('of %j', (value, ids) => expect(techniquesOf(value)).toEqual(ids))

  it('make a column one of techniques, command lines do not', () => {
    expect(techniqueColumn([text('Name'), text('AttackTechniques')], [['a', '["Brute Force (T1110)"]'], ['b', '']])).toBe(1)
    expect(techniqueColumn([text('Id')], [['T1110'], ['T1059.004']])).toBe(0)
    expect(techniqueColumn([{ name: 'Set', type: 'dynamic' }], [[['T1110']]])).toBe(0)
    expect(techniqueColumn([text('ProcessCommandLine')], [['run-test T1110 now']])).toBeUndefined()
    expect(techniqueColumn([text('Id')], [['T1110'], ['x'], ['y']])).toBeUndefined()
    expect(techniqueColumn([text('Technique')], [])).toBeUndefined()
  })
})

describe('the matrix', () => {
  const columns = [text('Technique'), { name: 'count_', type: 'long' }]
  const rows = [['T1059.004', 5], ['T1059', 2], ['["T1059","T1059.001"]', 1], ['T9999', 4]]

  it('counts rows, a technique with what is below it once a row', () => {
    const matrix = matrixOf(columns, rows, 0, undefined)
    expect(matrix.map((tactic) => tactic.name)).toEqual(['Execution', OUTSIDE])
    expect(matrix[0]!.cells).toEqual([
      { id: 'T1059', name: 'Command and Scripting Interpreter', count: 3, below: [{ id: 'T1059.004', name: 'Unix Shell', count: 1 }, { id: 'T1059.001', name: 'PowerShell', count: 1 }] },
    ])
    expect(matrix[1]!.cells[0]).toEqual({ id: 'T9999', name: 'T9999', count: 1, below: [] })
  })
  it('adds a column up', () => {
    expect(matrixOf(columns, rows, 0, 1)[0]!.cells[0]!.count).toBe(8)
  })
  it('shows a technique in each of its tactics, in the order of ATT&CK', () => {
    const found = matrixOf([text('T')], [['T1078']], 0, undefined).map((tactic) => tactic.name)
    expect(found.length).toBeGreaterThan(1)
    expect(found).toEqual(TACTICS.filter((name) => found.includes(name)))
  })
  it('counts by the only column of numbers unless told otherwise', () => {
    expect(weightColumn(columns, undefined)).toBe(1)
    expect(weightColumn(columns, ROWS)).toBeUndefined()
    expect(weightColumn([...columns, { name: 'n', type: 'int' }], undefined)).toBeUndefined()
    expect(weightColumn([...columns, { name: 'n', type: 'int' }], 'n')).toBe(2)
  })
  it('finds the rows of a technique and of its sub-techniques', () => {
    expect(namesTechnique('T1059.004', 'T1059')).toBe(true)
    expect(namesTechnique('T1059', 'T1059.004')).toBe(false)
  })
  it('knows names of sub-techniques', () => expect(techniqueName('T1059.004')).toBe('Unix Shell'))
})
