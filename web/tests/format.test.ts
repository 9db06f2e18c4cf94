import { describe, expect, it } from 'vitest'
import { compareCells, timespanSeconds } from '../src/lib/compare'
import { rowObject, toCsv, toJson } from '../src/lib/export'
import { browserName, cellText, counted, formatBytes, humanise, kqlString } from '../src/lib/format'
import { processRefs } from '../src/lib/processes'

describe('text', () => {
  it.each([[0, '0 B'], [1023, '1023 B'], [1536, '1.5 KiB'], [41_000_000, '39 MiB']])('%i bytes', (bytes, text) => expect(formatBytes(bytes)).toBe(text))
  it.each([[0, '0 vulnerabilities'], [1, '1 vulnerability'], [2, '2 vulnerabilities']])('%i of something', (n, text) => expect(counted(n, 'vulnerability', 'vulnerabilities')).toBe(text))
  it('humanise', () => expect(humanise('no_sensor_data')).toBe('No sensor data'))
  it.each([
    ['Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0', 'Firefox 128 on Linux'],
    ['Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36 Edg/130.0.0.0', 'Edge 130 on Windows'],
    ['Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.4 Safari/605.1.15', 'Safari 17 on macOS'],
    ['curl/8.1', 'curl/8.1'],
    ['', 'unknown'],
  ])('browser %#', (agent, name) => expect(browserName(agent)).toBe(name))
  it('cells', () => {
    expect(cellText(null)).toBe('')
    expect(cellText(false)).toBe('false')
    expect(cellText({ a: 1 })).toBe('{"a":1}')
  })
  it('KQL strings cannot be left', () => {
    expect(kqlString('a"b\\c\nd')).toBe('"a\\"b\\\\c\\nd"')
  })
})

describe('order of cells', () => {
  it('by type', () => {
    expect(compareCells('long', 9, 10)).toBeLessThan(0)
    expect(compareCells('string', '9', '10')).toBeGreaterThan(0)
    expect(compareCells('timespan', '1.00:00:00', '23:59:59')).toBeGreaterThan(0)
    expect(compareCells('long', null, 1)).toBeGreaterThan(0)
    expect(compareCells('bool', false, true)).toBeLessThan(0)
    expect(compareCells('datetime', '2026-01-01T00:00:05Z', '2026-01-01T00:00:05.1Z')).toBeLessThan(0)
    expect(compareCells('datetime', '2026-01-01T00:00:05.09Z', '2026-01-01T00:00:05.1Z')).toBeLessThan(0)
  })
  it('timespans', () => {
    expect(timespanSeconds('-00:00:01.5000000')).toBe(-1.5)
    expect(timespanSeconds('2.01:00:00')).toBe(176_400)
    expect(timespanSeconds('soon')).toBeNaN()
  })
})

describe('export', () => {
  const columns = [{ name: 'Cmd', type: 'string' }, { name: 'N', type: 'long' }]
  it('CSV quotes and guards formulas', () => {
    expect(toCsv(columns, [['a,"b"', -1], ['=1+1', 2], ['x\ny', null]])).toBe('Cmd,N\r\n"a,""b""",-1\r\n\'=1+1,2\r\n"x\ny",\r\n')
  })
  it('JSON keeps types', () => {
    expect(JSON.parse(toJson(columns, [['a', 1]]))).toEqual([{ Cmd: 'a', N: 1 }])
    expect(rowObject(columns, ['a', 1])).toEqual({ Cmd: 'a', N: 1 })
  })
})

it('finds the processes of a row, each once', () => {
  expect(processRefs({ ProcessUniqueId: 'p1', FileName: 'curl', InitiatingProcessUniqueId: 'p0', InitiatingProcessFileName: 'bash', Timestamp: 't' })).toEqual([
    { label: 'curl', process: 'p1', at: 't' },
    { label: 'its parent bash', process: 'p0', at: 't' },
  ])
  expect(processRefs({ InitiatingProcessUniqueId: 'p0', InitiatingProcessFileName: 'bash' })).toEqual([{ label: 'bash', process: 'p0', at: undefined }])
  expect(processRefs({ ProcessUniqueId: '', InitiatingProcessUniqueId: 0 })).toEqual([])
})
