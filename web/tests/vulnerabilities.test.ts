import { describe, expect, it } from 'vitest'
import { certificatesAsked, certificatesSearch, deviceVulnerabilitiesSearch, exposureSearch, queryOf, recommendationsSearch, softwareSearch, weaknessesSearch } from '../src/lib/vulnerabilitySearch'
import { subjectTitle } from '../src/pages/vulnerabilities/exceptionWords'
import { scoreChange, scorePath, WIDTH, xOf, yOf } from '../src/pages/vulnerabilities/scorePath'
import { checkOf, epssText, justificationEffect, levelOf, recommendationTitle, scoreText } from '../src/pages/vulnerabilities/words'

describe('addresses of vulnerability management', () => {
  it('keep what pages know and drop the rest', () => {
    expect(weaknessesSearch({ severity: 'high,made-up,critical', exploited: 'true', fixable: 'false', sort: 'cvss', order: 'up', panel: 'CVE-2026-1', other: 'x' })).toEqual({
      search: undefined, severity: 'high,critical', exploited: true, fixable: false, software: undefined, excepted: undefined, sort: 'cvss', order: undefined, panel: 'CVE-2026-1',
    })
    expect(softwareSearch({ covered: 'false', ended: 'false' })).toMatchObject({ covered: false, ended: undefined })
    expect(recommendationsSearch({ remediation_type: 'update,explode', excepted: 'hide' })).toMatchObject({ remediation_type: 'update', excepted: 'hide' })
    expect(certificatesSearch({ ends: '31', store: 'own', weak: 'yes' })).toMatchObject({ ends: undefined, store: 'own', weak: undefined })
    expect(deviceVulnerabilitiesSearch({ running: 'maybe' }).running).toBeUndefined()
    expect(exposureSearch({ range: '2y' }).range).toBeUndefined()
  })

  it('ask the server in its words', () => {
    expect(certificatesAsked({ ends: '0', panel: 'x', store: 'all' })).toEqual({ ends_within_days: 0, store: 'all' })
    expect(queryOf({ search: 'a b', severity: undefined, covered: false })).toBe('search=a+b&covered=false')
  })
})

describe('the course of the exposure', () => {
  const points = [
    { time: '1970-01-01T00:00:00.000Z', score: 80 },
    { time: '1970-01-01T00:00:05.000Z', score: 40 },
  ]

  it('is steps that hold until the next point, and until now', () => {
    const path = scorePath(points, 0, 10_000)
    expect(path).toBe(`M${xOf(0, 0, 10_000).toFixed(1)},${yOf(80).toFixed(1)}H${xOf(5_000, 0, 10_000).toFixed(1)}V${yOf(40).toFixed(1)}H${(WIDTH - 8).toFixed(1)}`)
    expect(scorePath([], 0, 1)).toBe('')
    expect(scorePath(points, 0, 10_000, 300), 'in a narrow drawing').toContain(`H${(300 - 8).toFixed(1)}`)
  })

  it('says by how much it moved, where there are two points', () => {
    expect(scoreChange(points)).toBe(-40)
    expect(scoreChange(points.slice(1))).toBeUndefined()
  })

  it('stays in the drawing whatever a point says', () => {
    expect(yOf(150)).toBe(yOf(100))
    expect(yOf(-1)).toBe(yOf(0))
  })
})

describe('words', () => {
  it('never take a missing score for zero', () => {
    expect(scoreText(null)).toBe('–')
    expect(scoreText(0)).toBe('0.0')
    expect(epssText(null)).toBe('not scored')
    expect(epssText(0.0001)).toBe('below 0.1 %')
    expect(epssText(0.93)).toBe('93 %')
    expect(epssText(0.0123)).toBe('1.2 %')
  })

  it('name what is to be done', () => {
    const r = { remediation_type: 'update', related_component: 'openssl', recommended_version: '3.0.3' }
    expect(recommendationTitle(r)).toBe('Update openssl to 3.0.3')
    expect(recommendationTitle({ ...r, remediation_type: 'wait', recommended_version: '' })).toBe('openssl: no update yet')
    const check = { title: 'Root does not sign in over SSH', why: 'w', fix: 'f' }
    expect(recommendationTitle({ ...r, remediation_type: 'configure', related_component: 'ssh.permit_root_login', recommended_version: '', document: { check } })).toBe('Configure: Root does not sign in over SSH')
    expect(recommendationTitle({ ...r, remediation_type: 'configure', related_component: 'ssh.permit_root_login', recommended_version: '', document: { check: null } })).toBe('Configure ssh.permit_root_login')
    expect(checkOf({ check })).toEqual(check)
    expect([levelOf(29.9), levelOf(30), levelOf(70)]).toEqual(['low', 'medium', 'high'])
  })
})

describe('what an exception does to the exposure', () => {
  it.each([
    ['risk_accepted', 'recommendation', 'It still counts'],
    ['risk_accepted', 'vulnerability', 'It no longer counts'],
    ['planned_remediation', 'vulnerability', 'It no longer counts'],
    ['inaccurate', 'vulnerability', 'It no longer counts'],
    ['alternate_mitigation', 'recommendation', 'It no longer counts'],
  ] as const)('%s for a %s', (key, type, words) => expect(justificationEffect(key, type)).toContain(`${words} in the exposure.`))
})

describe('what an exception is for', () => {
  it.each([
    ['vulnerability', 'CVE-2026-0001', 'CVE-2026-0001'],
    ['recommendation', 'update/debian/12/curl', 'Update curl on debian 12'],
    ['recommendation', 'update/npm//@scope/name', 'Update @scope/name on npm'],
    ['recommendation', 'wait/debian/12/curl', 'No update yet: curl on debian 12'],
    ['recommendation', 'configure/ssh.permit_root_login', 'Configure: ssh.permit_root_login'],
    ['recommendation', 'something-else', 'something-else'],
  ])('%s %s', (subject_type, subject, words) => expect(subjectTitle({ subject_type, subject })).toBe(words))
})
