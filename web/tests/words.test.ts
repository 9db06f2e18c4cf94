import { describe, expect, it } from 'vitest'
import { ApiError, adviceFor, asApiError, sentence } from '../src/api/errors'
import { receiptFields } from '../src/pages/device/receiptFields'

describe('errors', () => {
  it('makes a sentence of the server’s words', () => {
    expect(sentence('there is no such device')).toBe('There is no such device.')
    expect(sentence('Really?')).toBe('Really?')
    expect(sentence('')).toBe('')
  })
  it('advises by code, then by status', () => {
    expect(adviceFor(new ApiError(401, 'totp_code_used', ''))).toContain('next one')
    expect(adviceFor(new ApiError(503, 'something_new', ''))).toContain('log')
    expect(adviceFor(new ApiError(400, 'something_new', ''))).toContain('message')
  })
  it('knows a server that did not answer', () => {
    for (const words of ['Failed to fetch', 'NetworkError when attempting to fetch resource.', 'Load failed', 'Importing a module script failed.']) {
      expect(asApiError(new TypeError(words)).code).toBe('no_answer')
    }
    // A fault of the console is not blamed on the server.
    expect(asApiError(new TypeError("Cannot read properties of undefined (reading 'id')")).code).toBe('console_fault')
    expect(asApiError(new DOMException('x', 'AbortError')).code).toBe('cancelled')
  })
})

it('reads a receipt without empty fields, instants as such', () => {
  expect(receiptFields({ ok: true, code: '', message: null, proof: { pid: 7, clock_us: 1795477562184569, clock_offset_us: -213 }, finished: '2026-11-23T23:46:02.184585Z' })).toEqual([
    { name: 'ok', value: true },
    { name: 'pid', value: 7 },
    { name: 'clock', value: 1795477562184569, instant: '2026-11-23T23:46:02.184Z' },
    { name: 'clock_offset', value: '-213 µs' },
    { name: 'finished', value: '2026-11-23T23:46:02.184585Z', instant: '2026-11-23T23:46:02.184585Z' },
  ])
  expect(receiptFields(null)).toEqual([])
})
