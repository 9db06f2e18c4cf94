import { describe, expect, it } from 'vitest'
import type { DeviceRule } from '../src/api/types'
import { complete, draftOf, newCondition, newDraft, newList, ruleOf, sentenceOf, withField, withPart, type Condition } from '../src/lib/rules'

const web: DeviceRule = { field: 'name', op: 'starts_with', value: 'web-' }
const pci: DeviceRule = { field: 'tag', op: 'equals', value: 'pci' }
const net: DeviceRule = { field: 'address', op: 'within', value: '10.0.0.0/8' }
const home: DeviceRule = { field: 'subscription', op: 'equals', value: '7' }

describe('a rule as a draft', () => {
  it('comes back as it was', () => {
    const rules: DeviceRule[] = [
      { every: true },
      { all: [web, { any: [pci, { not: net }] }] },
      { not: { any: [web, { not: { all: [pci, net] } }] } },
      { any: [{ not: { every: true } }, web] },
    ]
    for (const rule of rules) expect(ruleOf(draftOf(rule))).toEqual(rule)
  })

  it('puts a single condition into a list of one', () => {
    expect(ruleOf(draftOf(web))).toEqual({ all: [web] })
    expect(ruleOf(draftOf({ not: web }))).toEqual({ all: [{ not: web }] })
    expect(ruleOf(draftOf({ not: { every: true } }))).toEqual({ all: [{ not: { every: true } }] })
  })

  it('is complete when every value is there', () => {
    expect(complete(newDraft())).toBe(false)
    expect(complete(draftOf({ all: [web, { any: [pci] }] }))).toBe(true)
    expect(complete({ every: false, root: newList([]) })).toBe(false)
    expect(complete({ every: true, root: newList() })).toBe(true)
  })
})

describe('working on it', () => {
  it('replaces and removes a part wherever it is', () => {
    const draft = draftOf({ all: [web, { any: [pci, net] }] })
    const inner = draft.root.parts[1]
    if (inner?.kind !== 'list') throw new Error('a list')
    const first = inner.parts[0] as Condition
    const changed = withPart(draft.root, first.key, { ...first, not: true })
    expect(ruleOf({ every: false, root: changed })).toEqual({ all: [web, { any: [{ not: pci }, net] }] })
    expect(ruleOf({ every: false, root: withPart(draft.root, inner.key, undefined) })).toEqual({ all: [web] })
  })

  it('keeps what fits when the field changes', () => {
    const condition = { ...newCondition(), value: 'web' }
    expect(withField(condition, 'tag')).toMatchObject({ field: 'tag', op: 'starts_with', value: 'web' })
    expect(withField(condition, 'os_version')).toMatchObject({ op: 'within', value: 'web' })
    expect(withField(condition, 'subscription')).toMatchObject({ op: 'equals', value: '' })
  })
})

describe('a rule in words', () => {
  it('says what it means', () => {
    const say = (rule: DeviceRule) => sentenceOf(rule, (id) => `subscription no. ${id}`)
    expect(say({ every: true })).toBe('every device')
    expect(say({ all: [web, { any: [pci, { not: net }] }] })).toBe('name starts with web- and (tag is pci or not address is in network 10.0.0.0/8)')
    expect(say({ not: { all: [web, home] } })).toBe('not (name starts with web- and subscription is subscription no. 7)')
    expect(say({ field: 'os_version', op: 'within', value: '9' })).toBe('version is of series 9')
  })
})
