import { describe, expect, it } from 'vitest'
import { changeOf, wantedOf, type Wanted } from '../src/pages/subscriptions/planChange'
import { standingText } from '../src/pages/subscriptions/planText'

const off = { standing: 'off', trial_until: null } as const
const paid = { standing: 'paid', trial_until: null } as const
const trial = { standing: 'trial', trial_until: '2026-12-24T10:00:00.000000Z' } as const
const ended = { standing: 'trial_ended', trial_until: null } as const

describe('what is asked of the server', () => {
  const of = (servers_step: string | null, servers: object, posture: object) => wantedOf({ servers_step, servers, posture } as never)
  const change = (before: Wanted, with_: Partial<Wanted>) => changeOf(before, { ...before, ...with_ })

  it('is nothing where nothing is different', () => {
    for (const before of [of(null, off, off), of('p1', paid, off), of('p2', trial, trial)]) {
      expect(changeOf(before, before)).toBeUndefined()
    }
  })

  it('begins with a trial, and names the step', () => {
    expect(change(of(null, off, off), { servers: 'p2' })).toEqual({ servers_step: 'p2', servers: 'trial' })
    expect(of('p1', ended, off).servers).toBe('off')
  })

  it('changes the step and keeps how it is paid', () => {
    expect(change(of('p1', paid, off), { servers: 'p2' })).toEqual({ servers_step: 'p2', servers: 'pay' })
    expect(change(of('p1', trial, trial), { how: 'pay' })).toEqual({ servers_step: 'p1', servers: 'pay', posture: 'pay' })
    expect(change(of('p1', paid, off), { posture: 'on' })).toEqual({ posture: 'pay' })
  })

  it('switches off what was on, and only that', () => {
    expect(change(of('p1', paid, paid), { servers: 'off' })).toEqual({ servers: 'off' })
    expect(change(of(null, off, paid), { posture: 'off' })).toEqual({ posture: 'off' })
  })
})

describe('a standing in words', () => {
  it('says until when it is free', () => {
    expect(standingText(trial as never)).toMatch(/^On, free until 2026-12-2/)
    expect(standingText(ended as never)).toBe('The trial has ended')
    expect(standingText(off as never)).toBe('Off')
  })
})
