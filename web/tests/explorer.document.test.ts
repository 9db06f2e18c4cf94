import { describe, expect, it } from 'vitest'
import { check } from '../src/lib/explore/check'
import { type Json, at, lineOf, pointerOf, put, read, write } from '../src/lib/explore/document'
import { fromLink, toLink } from '../src/lib/explore/link'
import { syntaxFault } from '../src/lib/explore/syntax'
import { language, questions, random } from './support/questions'

describe('a question as text', () => {
  it.each(questions)('%s comes back from text and link, and is right', (_, document) => {
    expect(read(write(document))).toEqual({ document })
    expect(JSON.parse(fromLink(toLink(JSON.stringify(document)))!)).toEqual(document)
    expect(check(document, language)).toEqual([])
  })

  it('keeps to lines of a hundred letters where a value does', () => {
    for (const [, document] of questions) for (const line of write(document).split('\n')) expect(line.length).toBeLessThanOrEqual(101)
    expect(write({ version: 1, find: { types: ['sensor'] } })).toBe('{"version": 1, "find": {"types": ["sensor"]}}')
  })

  it('says where a text stops being JSON', () => {
    const text = '{"version": 1,\n "find": }'
    const { fault } = read(text)
    expect(fault).toMatchObject({ code: 'not_json', offset: 24 })
    expect(lineOf(text, fault!.offset!)).toEqual({ line: 2, column: 10 })
    expect(read('').fault).toMatchObject({ code: 'not_json', message: 'The query is not JSON: expected a value, found the end' })
    expect(read('{').fault?.message).toContain('expected a name in quotes and a colon')
  })

  it('finds a fault in exactly what JSON.parse refuses', () => {
    const letters = [...'{}[]",:0123456789.-+eE \n\\tfalsnu/']
    for (let seed = 0; seed < 4000; seed += 1) {
      const { next, one } = random(seed)
      let text = write(one(questions)[1])
      for (let n = next(3); n >= 0; n -= 1) {
        const place = next(text.length)
        text = text.slice(0, place) + (next(3) > 0 ? one(letters) : '') + text.slice(place + next(2))
      }
      let whole = true
      try {
        JSON.parse(text)
      } catch {
        whole = false
      }
      expect(syntaxFault(text) === undefined, text).toBe(whole)
    }
    expect(syntaxFault('['.repeat(100_000))).toEqual({ offset: 100_000, message: 'expected a value, found the end' })
  })

  it('refuses what a browser would change, and what is too long', () => {
    expect(read('{"value": 9007199254740993}').fault).toMatchObject({ code: 'not_exact', offset: 10 })
    expect(read('{"value": "9007199254740993 \\" 99999999999999999999"}').fault).toBeUndefined()
    expect(read(JSON.stringify('x'.repeat(65 * 1024))).fault).toMatchObject({ code: 'too_long' })
    // Spaces between the parts are not counted: they are not sent.
    expect(read(`{"version":${' '.repeat(70_000)}1}`).fault).toBeUndefined()
  })
})

describe('links', () => {
  it('are base64url without padding, whatever is written', () => {
    for (const text of ['', 'a', 'ab', 'abc', '{"a":"ü€😀"}', '\u0000\u00ff', '>>>???~~~']) {
      expect(toLink(text)).toMatch(/^[A-Za-z0-9_-]*$/)
      expect(fromLink(toLink(text))).toBe(text)
      expect(toLink(text)).toBe(Buffer.from(text, 'utf8').toString('base64url'))
    }
  })
  it('are undefined where they are none', () => {
    for (const link of ['a b', 'ü', 'abc=', 'a', '_w']) expect(fromLink(link)).toBeUndefined()
  })
})

describe('places', () => {
  const document: Json = { find: { types: ['a'], that: [{ insight: 'x' }, { or: [{ insight: 'y' }] }] } }
  it('are found and named', () => {
    expect(at(document, ['find', 'that', 1, 'or', 0, 'insight'])).toBe('y')
    expect(at(document, ['find', 'that', 'length'])).toBeUndefined()
    expect(at(document, ['find', 'toString'])).toBeUndefined()
    expect(pointerOf(['find', 'that', 1, 'or', 0])).toBe('/find/that/1/or/0')
  })
  it('are changed without touching what was there', () => {
    const before = JSON.stringify(document)
    expect(put(document, ['find', 'that', 1], undefined)).toEqual({ find: { types: ['a'], that: [{ insight: 'x' }] } })
    expect(put(document, ['find', 'types'], undefined)).toEqual({ find: { that: (document as { find: { that: Json } }).find.that } })
    expect(put({}, ['scope', 'subscriptions'], ['s'])).toEqual({ scope: { subscriptions: ['s'] } })
    expect(JSON.stringify(document)).toBe(before)
  })
})
