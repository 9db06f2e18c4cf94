import { describe, expect, it } from 'vitest'
import { exceptionsAsked, exceptionsSearch, inventorySearch } from '../src/lib/inventorySearch'
import { openWeaknesses, shareRisks } from '../src/pages/inventory/words'
import { exceptionState } from '../src/pages/vulnerabilities/exceptionWords'

describe('shares', () => {
  const share = { anonymous: false, clients: ['10.0.0.0/8'], root_kept: false, writable: true }
  it('say what lets more in than it should, worst first', () => {
    expect(shareRisks(share)).toEqual([])
    expect(shareRisks({ ...share, anonymous: true, root_kept: true, clients: ['*'] })).toEqual(['Anybody writes without a name', 'Remote root is root here', 'Every address may mount it'])
    expect(shareRisks({ ...share, anonymous: true, writable: false })).toEqual(['Anybody reads without a name'])
    expect(shareRisks({ ...share, clients: [] })).toEqual(['Every address may mount it'])
  })
})

it('takes a processor’s weakness for open only where the kernel calls it vulnerable', () => {
  const words = ['mds: Not affected', 'retbleed: Vulnerable', 'spectre_v2: Mitigation: Retpolines; BHI: Retpoline', 'itlb_multihit: KVM: Vulnerable', 'meltdown: Mitigation: PTI']
  expect(openWeaknesses(words)).toEqual(['retbleed: Vulnerable', 'itlb_multihit: KVM: Vulnerable'])
})

describe('exceptions', () => {
  it('hold, ran out, or were cancelled', () => {
    expect(exceptionState({ active: true, cancelled_at: null })).toBe('active')
    expect(exceptionState({ active: false, cancelled_at: null })).toBe('expired')
    expect(exceptionState({ active: false, cancelled_at: '2026-11-29T08:00:00Z' })).toBe('cancelled')
  })
  it('are asked for in the contract’s words', () => {
    expect(exceptionsAsked({})).toEqual({ active: true })
    expect(exceptionsAsked({ state: 'ended' })).toEqual({ active: false })
    expect(exceptionsAsked({ state: 'all' })).toEqual({})
    expect(exceptionsSearch({ state: 'active', panel: 'x' })).toEqual({ state: undefined, panel: 'x' })
  })
})

it('an address of an inventory list keeps text and device', () => {
  expect(inventorySearch({ search: 'nfs', device: 'ab', sort: 'name' })).toEqual({ search: 'nfs', device: 'ab', panel: undefined })
})
