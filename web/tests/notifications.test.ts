import { describe, expect, it } from 'vitest'
import { eventsSearch, notificationsSearch } from '../src/lib/notificationSearch'
import { effectText, subjectLink } from '../src/pages/events/words'
import { headersOf, isAddress, objectOf } from '../src/pages/notifications/words'

describe('webhooks', () => {
  it('take headers a line', () => {
    expect(headersOf('Authorization: Basic abc\n\nX-Team:  a: b ')).toEqual({ Authorization: 'Basic abc', 'X-Team': 'a: b' })
    expect(headersOf('')).toEqual({})
    expect(headersOf('no header')).toBeUndefined()
    expect(headersOf('bad name: x')).toBeUndefined()
  })
  it('take a JSON object or nothing', () => {
    expect(objectOf('')).toBeNull()
    expect(objectOf('{"fields":{"labels":["x"]}}')).toEqual({ fields: { labels: ['x'] } })
    for (const wrong of ['[1]', '"x"', '{', 'null']) expect(objectOf(wrong)).toBeUndefined()
  })
  it('take addresses of the web only', () => {
    expect(['https://hooks.example.com/x', 'http://10.0.0.1/', 'ftp://a/', 'javascript:1', 'hooks'].map(isAddress)).toEqual([true, true, false, false, false])
  })
})

describe('events', () => {
  it('say by how much the exposure moved, and nothing where nobody can tell', () => {
    expect([effectText(1.84), effectText(-0.4), effectText(0.01), effectText(null)]).toEqual(['+1.8', '−0.4', '0.0', ''])
  })
  it('open what they are about', () => {
    expect(subjectLink({ subject: 'CVE-2026-1', subject_type: 'vulnerability' })).toEqual({ to: '/weaknesses', search: { panel: 'CVE-2026-1' } })
    expect(subjectLink({ subject: 'remediation:1f', subject_type: 'remediation' })).toEqual({ to: '/remediations/$remediationId', params: { remediationId: '1f' } })
    expect(subjectLink({ subject: 'x', subject_type: 'assessment' })).toBeUndefined()
  })
  it('keep in the address what the page knows and drop the rest', () => {
    expect(eventsSearch({ kind: 'new_vulnerability,made_up', since: 'soon', until: '2026-11-29T08:00:00Z', order: 'desc' })).toEqual({
      search: undefined, kind: 'new_vulnerability', severity: undefined, subject: undefined, since: undefined, until: '2026-11-29T08:00:00Z', order: undefined, panel: undefined,
    })
    expect(notificationsSearch({ tab: 'deliveries', state: 'lost' })).toMatchObject({ tab: 'deliveries', state: undefined })
  })
})
