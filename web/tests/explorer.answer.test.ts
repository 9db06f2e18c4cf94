import { describe, expect, it } from 'vitest'
import { type Answer, type Column, cellText, columnTitles, missingText, narrowed, nodeOf, openOf, pageOf, turned, valueText } from '../src/lib/explore/answer'
import { check } from '../src/lib/explore/check'
import { type Json, at, isFields } from '../src/lib/explore/document'
import { explorerSearch } from '../src/lib/search'
import { language, questions } from './support/questions'

const cell = { matched: true, total: 1, exact: true }
const node = (name: string) => ({ type: 'sensor', key: name, name })

describe('cells', () => {
  it('name what they list and how much more there is', () => {
    expect(cellText({ ...cell, total: 2, nodes: [node('a'), node('b')] }, undefined)).toBe('a, b')
    expect(cellText({ ...cell, total: 5, nodes: [node('a')] }, undefined)).toBe('a and 4 more')
    expect(cellText({ ...cell, total: 5, exact: false, nodes: [node('a')] }, undefined)).toBe('a and at least 4 more')
    expect(cellText({ ...cell, matched: false, total: 0 }, undefined)).toBe('')
    expect(cellText(cell, undefined)).toBe('yes')
    const insight = language.insight('is_applicable')
    expect(cellText({ ...cell, values: { status: false, reason: 'client_os' } }, insight)).toBe('Status: no, Reason: client_os')
  })

  it('show values by their type', () => {
    const property = (type: string, name: string) => language.type(type)!.properties.find((p) => p.name === name)
    expect(valueText(property('virtual_machines', 'criticality'), 'very_high')).toBe('Very high')
    expect(valueText(property('listening_endpoint', 'port'), 27017)).toBe('27017')
    expect(valueText(property('vulnerability', 'epss'), 0.97512)).toBe('0.97512')
  })

  it('have columns with names of their own', () => {
    const column = (title: string): Column => ({ kind: 'insight', name: 'x', title, types: [], pointer: '' })
    expect(columnTitles([column('Has tags'), column('Is external'), column('Has tags')])).toEqual(['Has tags', 'Is external', 'Has tags (2)'])
  })
})

describe('a row in the address', () => {
  it('comes back whatever it is called', () => {
    for (const name of ['web-1', 'a/b%2F ü?&#', '']) {
      const row = { type: 'health_finding', key: 'm1/code', name }
      expect(nodeOf(openOf(row))).toEqual(row)
    }
    expect(nodeOf('a/b')).toBeUndefined()
    expect(nodeOf('a/%/c')).toBeUndefined()
  })

  it('leads to the page that it has', () => {
    expect(pageOf({ type: 'ec2_instance', key: 'm', name: '' })).toEqual({ to: '/machines/$machineId', params: { machineId: 'm' } })
    expect(pageOf({ type: 'health_finding', key: 'm/heartbeat_lost', name: '' })).toEqual({ to: '/machines/$machineId', params: { machineId: 'm' } })
    expect(pageOf({ type: 'tag', key: 'env=prod', name: '' })).toBeUndefined()
  })

  it('is one state of the page among others', () => {
    expect(explorerSearch({ link: 'a', draft: '', view: 'json', fold: 'true', open: 'x/y/z' })).toEqual({ link: 'a', draft: '', view: 'json', fold: true, open: 'x/y/z' })
    expect(explorerSearch({ view: 'nothing', fold: 'yes' })).toEqual({})
  })
})

/** The connections of a question with where they stand, as the server names its columns. */
function connections(value: Json, pointer = ''): Column[] {
  if (Array.isArray(value)) return value.flatMap((item, i) => connections(item, `${pointer}/${i}`))
  if (!isFields(value)) return []
  const own: Column[] = typeof value.connection === 'string' ? [{ kind: 'connection', name: value.connection, title: '', types: [], pointer }] : []
  return [...own, ...Object.entries(value).flatMap(([name, item]) => connections(item, `${pointer}/${name}`))]
}

describe('questions that a row leads to', () => {
  const row = { type: 'virtual_machines', key: 'm', name: 'web-1' }

  it('are right for every connection of every template, seen from its other side', () => {
    let turnedRound = 0
    for (const [, query] of questions) {
      const root = at(query, ['find', 'types', 0]) as string
      for (const column of connections(query)) {
        const back = turned(language, query, column, { ...row, type: root })!
        expect(check(back, language)).toEqual([])
        expect(at(back, ['find', 'types'])).toEqual(at(query, [...column.pointer.split('/').slice(1).map((s) => (/^\d+$/.test(s) ? Number(s) : s)), 'to', 'types']))
        turnedRound += 1
      }
      const one = narrowed(query, row)
      expect(check(one, language)).toEqual([])
      expect(at(one, ['find', 'that'])).toEqual(at(query, ['find', 'that']))
    }
    expect(turnedRound).toBeGreaterThan(10)
  })

  it('keep what narrows the way, and the scope', () => {
    const query: Json = {
      version: 1,
      find: { types: ['virtual_machines'], that: [{ connection: 'has_installed', to: { types: ['software'], where: [{ property: 'vendor', operator: 'equals', value: 'x' }], that: [{ connection: 'is_affected_by', to: { types: ['vulnerability'] } }] } }] },
      scope: { subscriptions: ['s'] },
    }
    expect(turned(language, query, { kind: 'connection', name: 'is_affected_by', title: '', types: [], pointer: '/find/that/0/to/that/0' }, row)).toEqual({
      version: 1,
      find: {
        types: ['vulnerability'],
        that: [
          {
            connection: 'affects',
            to: {
              types: ['software'],
              where: [{ property: 'vendor', operator: 'equals', value: 'x' }],
              that: [
                { connection: 'is_affected_by', to: { types: ['vulnerability'] } },
                { connection: 'is_installed_on', to: { types: ['virtual_machines'], where: [{ property: 'name', operator: 'equals', value: 'web-1' }] } },
              ],
            },
          },
        ],
      },
      scope: { subscriptions: ['s'] },
    })
    expect(turned(language, query, { kind: 'insight', name: 'has_tags', title: '', types: [], pointer: '/find/that/0' }, row)).toBeUndefined()
  })
})

it('says what an answer does not cover', () => {
  const say = (missing: Answer['missing'][number]) => missingText(missing, language, (_, key) => (key === 's1' ? 'Production' : key))
  expect(say({ code: 'scope_not_allowed', of: 'subscription', keys: ['s1', 's2'] })).toBe('The scope names subscriptions that you may not see, which were left out: Production, s2.')
  expect(say({ code: 'scope_restricted', of: 'device_group' })).toContain('device groups')
  expect(say({ code: 'source_absent', source: 'vulnerabilities' })).toContain('“Vulnerabilities”')
  expect(say({ code: 'type_withheld', kind: 'sensor', reason: 'plan_required' })).toBe('Sensor is shown only where a plan includes it; other subscriptions are left out.')
  expect(say({ code: 'something_new' })).toBe('Something new.')
})
