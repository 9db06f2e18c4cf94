import { describe, expect, it } from 'vitest'
import { check } from '../src/lib/explore/check'
import { follows, operators, properties, toggleType, typeReason } from '../src/lib/explore/choices'
import { type Fields, type Json, type Path, at, isFields, put, read, write } from '../src/lib/explore/document'
import { type Parts, add, blank, branchOf, conditionOn, join, partsOf, partsOfGroup, remove, scopeOf, typesOf, withFollow, withNot, withOperator, withProperty, withScope } from '../src/lib/explore/edit'
import { language, questions, random } from './support/questions'

const machines = (that: Json[]): Json => ({ version: 1, find: { types: ['virtual_machines'], that } })
const FIND: Path = ['find']

describe('parts', () => {
  it('are the list, or the one "or" that is alone in it', () => {
    expect(partsOf(machines([{ insight: 'a' }]), FIND, 'that')).toEqual({ word: 'and', path: ['find', 'that'], items: [{ insight: 'a' }] })
    expect(partsOf(machines([{ or: [{ insight: 'a' }] }]), FIND, 'that')).toMatchObject({ word: 'or', path: ['find', 'that', 0, 'or'] })
    expect(partsOf(machines([{ or: [] }, { insight: 'a' }]), FIND, 'that')).toMatchObject({ word: 'and' })
    expect(partsOf({ find: { that: 'x' } }, FIND, 'that')).toBeUndefined()
    expect(partsOfGroup(machines([{ or: [], not: true }]), ['find', 'that', 0])).toBeUndefined()
  })

  it('are joined by the other word and back', () => {
    const both = machines([{ insight: 'a' }, { insight: 'b' }])
    const either = join(both, partsOf(both, FIND, 'that')!, 'or')
    expect(either).toEqual(machines([{ or: [{ insight: 'a' }, { insight: 'b' }] }]))
    expect(join(either, partsOf(either, FIND, 'that')!, 'and')).toEqual(both)
    const within = machines([{ insight: 'a' }, { or: [{ insight: 'b' }, { insight: 'c' }] }])
    const group = partsOfGroup(within, ['find', 'that', 1])!
    expect(join(within, group, 'and')).toEqual(machines([{ insight: 'a' }, { and: [{ insight: 'b' }, { insight: 'c' }] }]))
  })

  it('leave nothing empty behind', () => {
    expect(remove(machines([{ insight: 'a' }, { or: [{ insight: 'b' }] }]), ['find', 'that', 1, 'or', 0])).toEqual(machines([{ insight: 'a' }]))
    expect(remove(machines([{ or: [{ and: [{ insight: 'b' }] }] }]), ['find', 'that', 0, 'or', 0, 'and', 0])).toEqual({ version: 1, find: { types: ['virtual_machines'] } })
  })
})

describe('choices', () => {
  it('give the reason where something cannot be chosen', () => {
    const [connections, insights] = follows(language, ['health_finding'])
    expect(connections!.choices[0]).toMatchObject({ value: 'connection:affects', reason: undefined })
    expect(connections!.choices.find((c) => c.value === 'connection:is_running')!.reason).toBe('Does not begin at Health finding')
    expect(insights!.choices.every((c) => c.reason === 'Cannot be said of Health finding')).toBe(true)
    expect(follows(language, []).flatMap((s) => s.choices).every((c) => c.reason === 'Choose a type first')).toBe(true)
    expect(typeReason(language, 'sensor', { from: ['virtual_machines'], connection: 'is_running' })).toBeUndefined()
    expect(typeReason(language, 'alert', { from: ['virtual_machines'], connection: 'is_running' })).toBe('“Is running” does not lead here from Virtual machines (group)')
    expect(properties(language, { types: ['alert', 'incident'] }).find((p) => p.value === 'technique')!.reason).toBe('not of Incident')
    expect(properties(language, { types: ['alert', 'vulnerability'] }).find((p) => p.value === 'severity')!.reason).toBe('not the same for all of these types')
    const power = language.property(['virtual_machines'], 'power')
    expect(operators(language, power).filter((o) => !o.reason).map((o) => o.value)).toEqual(['equals', 'not_equals', 'in', 'exists'])
    expect(operators(language, power).find((o) => o.value === 'before')!.reason).toBe('not for choices')
  })

  it('treat a group as its members', () => {
    const toggle = (types: string[], type: string) => toggleType(language, types, type)
    expect(toggle([], 'virtual_machines')).toEqual(['virtual_machines'])
    expect(toggle(['virtual_machines'], 'ec2_instance')).toEqual(['cloud_instance', 'connected_server'])
    expect(toggle(['cloud_instance', 'sensor', 'connected_server'], 'ec2_instance')).toEqual(['sensor', 'virtual_machines'])
    expect(toggle(['ec2_instance', 'sensor'], 'virtual_machines')).toEqual(['sensor', 'virtual_machines'])
  })
})

describe('changes', () => {
  const property = (name: string, type = 'virtual_machines') => language.property([type], name)!
  it('keep of a condition what still means something', () => {
    const os = { property: 'os', operator: 'contains', value: 'deb' }
    expect(withProperty(language, os, property('os'), property('image'))).toEqual({ property: 'image', operator: 'contains', value: 'deb' })
    expect(withProperty(language, os, property('os'), property('power'))).toEqual({ property: 'power', operator: 'equals' })
    expect(withProperty(language, os, property('os'), property('first_seen'))).toEqual({ property: 'first_seen', operator: 'before', value: 'ago(1d)' })
    expect(withOperator(language, os, property('os'), 'in')).toEqual({ property: 'os', operator: 'in', value: ['deb'] })
    expect(withOperator(language, { property: 'os', operator: 'in', value: ['a', 'b'] }, property('os'), 'equals')).toEqual({ property: 'os', operator: 'equals', value: 'a' })
    expect(withOperator(language, os, property('os'), 'exists')).toEqual({ property: 'os', operator: 'exists', value: true })
    expect(withOperator(language, { property: 'os', operator: 'exists', value: true }, property('os'), 'equals')).toEqual({ property: 'os', operator: 'equals' })
  })

  it('keep a target that the other connection leads to, and whether it is turned round', () => {
    const access = { connection: 'can_be_accessed_by', not: true, to: { types: ['user_account'], that: [{ insight: 'is_external' }] } }
    expect(withFollow(language, ['virtual_machines'], access, 'connection:was_signed_in_to_by')).toEqual({ ...access, connection: 'was_signed_in_to_by' })
    expect(withFollow(language, ['virtual_machines'], access, 'connection:exposes')).toEqual({ connection: 'exposes', not: true, to: { types: ['listening_endpoint'] } })
    expect(withFollow(language, ['virtual_machines'], access, 'insight:has_tags')).toEqual({ insight: 'has_tags', not: true })
    expect(JSON.stringify(withNot({ insight: 'has_tags', where: [] }, true))).toBe('{"insight":"has_tags","not":true,"where":[]}')
    expect(withNot({ insight: 'has_tags', not: true }, false)).toEqual({ insight: 'has_tags' })
    expect(branchOf(language, ['virtual_machines'], 'connection:is_affected_by')).toEqual({ connection: 'is_affected_by', to: { types: [] } })
  })

  it('write a scope only where there is one', () => {
    const some = withScope(blank(language), 'subscriptions', ['s'])
    expect(scopeOf(some, 'subscriptions')).toEqual(['s'])
    expect(withScope(some, 'subscriptions', [])).toEqual(blank(language))
  })
})

/** Every place where the builder has buttons. */
interface Place {
  parts: Parts
  /** What stands there. */
  types?: string[]
  insight?: string
}
function places(document: Json): Place[] {
  const found: Place[] = []
  const list = (parts: Parts | undefined, place: Omit<Place, 'parts'>, each?: (path: Path, item: Fields) => void) => {
    if (!parts) throw new Error('a list')
    found.push({ parts, ...place })
    parts.items.forEach((item, i) => {
      const path = [...parts.path, i]
      const group = partsOfGroup(document, path)
      if (group) list(group, place, each)
      else if (isFields(item)) each?.(path, item)
    })
  }
  const target = (path: Path) => {
    const types = typesOf(document, path, language)
    list(partsOf(document, path, 'where'), { types })
    list(partsOf(document, path, 'that'), { types }, (at, branch) => {
      if (typeof branch.insight === 'string') list(partsOf(document, at, 'where'), { insight: branch.insight })
      else target([...at, 'to'])
    })
  }
  target(FIND)
  return found
}

const VALUES = { text: 'x', version: '1.2', choice: undefined, bool: true, integer: 7, real: 0.5, time: 'ago(2h)' } as const

/** One click: something that the builder offers at a random place. */
function click(document: Json, dice: ReturnType<typeof random>): Json {
  const place = dice.one(places(document))
  const owner = place.insight === undefined ? { types: place.types ?? [] } : { insight: place.insight }
  const isThat = place.parts.path.filter((step) => step === 'where' || step === 'that').at(-1) === 'that'
  if (dice.chance(25) && place.parts.items.length > 0) return remove(document, [...place.parts.path, dice.next(place.parts.items.length)])
  if (dice.chance(20) && place.parts.items.length > 1) return join(document, place.parts, dice.one(['and', 'or']))
  if (isThat) {
    const choice = dice.one(follows(language, place.types ?? []).flatMap((shelf) => shelf.choices).filter((c) => !c.reason))
    if (!choice) return document
    const branch = branchOf(language, place.types ?? [], choice.value)
    const connection = branch.connection
    if (typeof connection === 'string') {
      const able = language.schema.types.filter((t) => !typeReason(language, t.name, { from: place.types ?? [], connection }))
      branch.to = { types: toggleType(language, [], dice.one(able).name) }
    }
    const whole = dice.chance(30) ? withNot(branch, true) : branch
    const part = dice.chance(20) ? { [place.parts.word === 'and' ? 'or' : 'and']: [whole] } : whole
    return add(document, place.parts, part)[0]
  }
  const property = dice.one(properties(language, owner).filter((c) => !c.reason))?.property
  if (!property) return document
  const operator = dice.one(operators(language, property).filter((o) => !o.reason)).value
  const condition = withOperator(language, conditionOn(language, property), property, operator)
  const shape = language.operator(operator)!.value
  const value = property.values.length > 0 && property.type === 'choice' ? dice.one(property.values) : VALUES[property.type]!
  return add(document, place.parts, shape === 'truth' ? condition : { ...condition, value: shape === 'list' ? [value] : value })[0]
}

describe('whatever is clicked', () => {
  it('only questions come out that the server takes, and each is the same after a look at its JSON', () => {
    const codes = new Set<string>()
    for (let seed = 0; seed < 150; seed += 1) {
      const dice = random(seed)
      let document = dice.one(questions)[1]
      for (let i = 0; i < 12; i += 1) {
        document = click(document, dice)
        expect(read(write(document))).toEqual({ document })
        for (const problem of check(document, language)) codes.add(problem.code)
      }
    }
    // Types of which each leads somewhere else can still be too few; depth and size are the builder's only bounds.
    expect([...codes].filter((code) => !['target_not_applicable', 'too_deep', 'too_many_parts'].includes(code))).toEqual([])
  })

  it('and what is taken out again leaves the question as it was', () => {
    for (const [, document] of questions) {
      for (const { parts, types, insight } of places(document)) {
        const owner = insight === undefined ? { types: types ?? [] } : { insight }
        const property = properties(language, owner).find((c) => !c.reason)!.property
        const [more, path] = add(document, parts, conditionOn(language, property))
        expect(at(more, path)).toEqual(conditionOn(language, property))
        const back = remove(more, path)
        // A list that was not there is not there again.
        expect(back).toEqual(document)
        expect(put(document, [], more)).toEqual(more)
      }
    }
  })
})
