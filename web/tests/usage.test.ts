import { describe, expect, it } from 'vitest'
import { isPrice, money, trimmed } from '../src/lib/money'
import { addMonths, isMonth, monthOf, monthsBack } from '../src/lib/months'
import { usageSearch } from '../src/lib/search'

describe('months', () => {
  it('are of the UTC clock and cross years', () => {
    expect(monthOf(new Date('2026-11-30T23:59:59Z'))).toBe('2026-11')
    expect(addMonths('2026-11', 2)).toBe('2027-01')
    expect(addMonths('2026-01', -1)).toBe('2025-12')
    expect(isMonth('2026-13')).toBe(false)
    expect(isMonth('2026-1')).toBe(false)
  })

  it('are listed newest first, with the chosen one', () => {
    const now = new Date('2026-02-10T00:00:00Z')
    expect(monthsBack(now, 3, '2026-01')).toEqual(['2026-02', '2026-01', '2025-12'])
    expect(monthsBack(now, 2, '2024-05')).toEqual(['2026-02', '2026-01', '2024-05'])
  })
})

describe('money', () => {
  it('is exact and never converted', () => {
    expect(trimmed('1234567.340000')).toBe('1\u202f234\u202f567.34')
    expect(trimmed('0.007000')).toBe('0.007')
    expect(trimmed('3.000000')).toBe('3.00')
    expect(money([{ currency: 'EUR', amount: '1.500000' }, { currency: 'USD', amount: '2.000000' }])).toBe('1.50 EUR + 2.00 USD')
    expect(money([])).toBe('–')
  })

  it('knows what a price is', () => {
    expect(['0', '0.007', '12.5'].every(isPrice)).toBe(true)
    expect(['', '.5', '-1', '1e3', '0.0000001'].some(isPrice)).toBe(false)
  })
})

describe('the address of the usage page', () => {
  it('keeps what is right and drops the rest', () => {
    expect(usageSearch({ month: '2026-11', by: 'owner', owner: 'web' })).toMatchObject({ month: '2026-11', by: 'owner', owner: 'web' })
    expect(usageSearch({ month: '2026-77', by: 'planet' })).toMatchObject({ month: undefined, by: undefined })
    // Machines without an owner are asked for by an empty one, which is something else than any.
    expect(usageSearch({ owner: '' }).owner).toBe('')
    expect(usageSearch({}).owner).toBeUndefined()
  })
})
