import { describe, expect, it } from 'vitest'
import { type Problem, check } from '../src/lib/explore/check'
import type { Json } from '../src/lib/explore/document'
import { language } from './support/questions'

const first = (document: Json): Pick<Problem, 'code' | 'pointer'> | undefined => {
  const [problem] = check(document, language)
  return problem && { code: problem.code, pointer: problem.pointer }
}
const find = (target: Json): Json => ({ version: 1, find: target })
const machines = (more: { [name: string]: Json }): Json => find({ types: ['virtual_machines'], ...more })
const where = (condition: Json): Json => machines({ where: [condition] })
const that = (branch: Json): Json => machines({ that: [branch] })

/** The server's own tests have the same cases; the browser's spec asks it for many more. */
describe('what is wrong with a question', () => {
  const cases: [Json, string, string][] = [
    [[], 'wrong_shape', ''],
    [{ version: 1, find: { types: ['sensor'] }, more: 1 }, 'unknown_field', ''],
    [{ find: { types: ['sensor'] } }, 'missing_field', ''],
    [{ version: 2, find: { types: ['sensor'] } }, 'unknown_version', '/version'],
    [{ version: 1 }, 'missing_field', ''],
    [find({}), 'missing_field', '/find'],
    [find({ types: 'sensor' }), 'wrong_shape', '/find/types'],
    [find({ types: [] }), 'wrong_shape', '/find/types'],
    [find({ types: ['sensor', 'nothing'] }), 'unknown_type', '/find/types/1'],
    [where({ property: 'nothing', operator: 'equals', value: 1 }), 'unknown_property', '/find/where/0/property'],
    [where({ property: 'power', operator: 'like', value: 1 }), 'unknown_operator', '/find/where/0/operator'],
    [where({ property: 'power', operator: 'contains', value: 'run' }), 'operator_not_applicable', '/find/where/0/operator'],
    [where({ property: 'power', operator: 'equals' }), 'missing_field', '/find/where/0'],
    [where({ property: 'power', operator: 'equals', value: 'asleep' }), 'wrong_value', '/find/where/0/value'],
    [where({ property: 'power', operator: 'in', value: [] }), 'too_many_values', '/find/where/0/value'],
    [where({ property: 'power', operator: 'in', value: ['running', 1] }), 'wrong_value', '/find/where/0/value/1'],
    [where({ property: 'power', operator: 'exists', value: 'yes' }), 'wrong_shape', '/find/where/0/value'],
    [where({ property: 'first_seen', operator: 'before', value: 'yesterday' }), 'wrong_value', '/find/where/0/value'],
    [where({ property: 'first_seen', operator: 'before', value: 'ago(99999999d)' }), 'wrong_value', '/find/where/0/value'],
    [where({ property: 'name', operator: 'equals', value: 'é'.repeat(513) }), 'too_long', '/find/where/0/value'],
    [where({ or: [] }), 'wrong_shape', '/find/where/0/or'],
    [that({}), 'wrong_shape', '/find/that/0'],
    [that({ insight: 'nothing' }), 'unknown_insight', '/find/that/0/insight'],
    [that({ insight: 'exploitable' }), 'insight_not_applicable', '/find/that/0/insight'],
    [that({ insight: 'is_applicable', to: {} }), 'unknown_field', '/find/that/0'],
    [that({ connection: 'nothing', to: {} }), 'unknown_connection', '/find/that/0/connection'],
    [that({ connection: 'affects', to: {} }), 'connection_not_applicable', '/find/that/0/connection'],
    [that({ connection: 'is_running' }), 'missing_field', '/find/that/0'],
    [that({ connection: 'is_running', not: 1, to: { types: ['sensor'] } }), 'wrong_shape', '/find/that/0/not'],
    [that({ connection: 'is_running', to: { types: ['alert'] } }), 'target_not_applicable', '/find/that/0/to/types'],
    [that({ or: [{ insight: 'is_applicable' }, { and: [] }] }), 'wrong_shape', '/find/that/0/or/1/and'],
    [find({ types: ['alert', 'recommendation'], that: [{ connection: 'affects', to: { types: ['user_account'] } }] }), 'target_not_applicable', '/find/that/0/to/types'],
    [find({ types: ['alert', 'sensor'], where: [{ property: 'severity', operator: 'equals', value: 'high' }] }), 'unknown_property', '/find/where/0/property'],
    [find({ types: ['alert', 'vulnerability'], where: [{ property: 'severity', operator: 'equals', value: 'high' }] }), 'unknown_property', '/find/where/0/property'],
    [{ version: 1, find: { types: ['sensor'] }, scope: { subscriptions: [] } }, 'too_many_values', '/scope/subscriptions'],
    [{ version: 1, find: { types: ['sensor'] }, scope: { regions: ['x'] } }, 'unknown_field', '/scope'],
  ]
  it.each(cases)('%j: %s', (document, code, pointer) => {
    expect(first(document)).toEqual({ code, pointer })
  })

  it('is bounded in depth and in parts', () => {
    let branch: Json = { insight: 'is_applicable' }
    for (let i = 0; i < 11; i += 1) branch = { or: [branch, { insight: 'has_tags' }] }
    expect(first(that(branch))).toBeUndefined()
    expect(first(that({ or: [branch] }))).toMatchObject({ code: 'too_deep' })
    const conditions = (n: number) => machines({ where: Array.from({ length: n }, () => ({ property: 'os', operator: 'equals', value: 'debian' })) })
    expect(first(conditions(255))).toBeUndefined()
    expect(check(conditions(300), language)).toEqual([{ code: 'too_many_parts', message: 'a query has at most 256 parts', pointer: '/find/where/255' }])
  })

  it('is told of every place at once', () => {
    const problems = check(machines({ where: [{ property: 'os', operator: 'equals' }], that: [{ connection: 'is_running', to: { types: [] } }, { or: [] }] }), language)
    expect(problems.map((p) => p.pointer)).toEqual(['/find/where/0', '/find/that/0/to/types', '/find/that/1/or'])
  })
})
