import { expect, inspect, test } from './support/test'

test('API tokens: made, shown once, ended', async ({ page }) => {
  await page.goto('/settings/tokens')
  const form = page.getByRole('region', { name: 'Make a token' })
  const name = `e2e ${Date.now()}`
  await form.getByLabel('Name').fill(name)
  await form.getByRole('button', { name: 'Make a token' }).click()
  await expect(form.getByLabel('Token', { exact: true })).toContainText('pal_')
  await inspect(page, '50-token')
  await form.getByRole('button', { name: 'I have it' }).click()
  await page.getByRole('button', { name: `End ${name}` }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'End the token' }).click()
  await expect(page.getByRole('button', { name: `End ${name}` })).toHaveCount(0)
})

test('enrolment: a token with its command', async ({ page }) => {
  await page.goto('/settings/enrolment')
  await page.getByRole('button', { name: 'Make a token' }).click()
  await expect(page.getByLabel('Command', { exact: true })).toContainText('palisade-sensor')
  await inspect(page, '51-enrolment')
})

test('people: an invitation gives a link', async ({ page }) => {
  await page.goto('/settings/people')
  const form = page.getByRole('region', { name: 'Invite somebody' })
  const name = `Grace ${Date.now()}`
  await form.getByLabel('Name').fill(name)
  await form.getByLabel('Email').fill(`grace${Date.now()}@example.org`)
  await form.getByRole('button', { name: 'Invite' }).click()
  await expect(form.getByLabel('Set-up link', { exact: true })).toContainText('/setup?token=')
  await inspect(page, '52-people')
  await page.getByRole('button', { name: `Remove ${name}` }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click()
  await expect(page.getByRole('button', { name: `Remove ${name}` })).toHaveCount(0)
})

test('sessions and audit', async ({ page }) => {
  await page.goto('/settings/sessions')
  await expect(page.getByText('This one')).toBeVisible()
  await inspect(page, '53-sessions')
  const query = 'DeviceInfo | take 1'
  const ran = await page.request.post('/api/v1/hunting/query', { data: { query }, headers: { 'X-Palisade-Csrf': '1' } })
  expect(ran.ok()).toBe(true)
  await page.goto('/settings/audit')
  await expect(page.getByRole('grid', { name: 'Audit log' }).getByRole('row').nth(1)).toBeVisible()
  await inspect(page, '54-audit')
  await page.getByRole('grid', { name: 'Audit log' }).getByRole('row').nth(1).click()
  await expect(page).toHaveURL(/open=/)
  await inspect(page, '55-audit-entry')
  await page.getByRole('grid', { name: 'Audit log' }).getByRole('row').filter({ hasText: 'hunting.run' }).first().click()
  await page.getByRole('link', { name: 'Its query in hunting' }).click()
  await expect(page).toHaveURL(/\/hunting\?q=DeviceInfo/)
})
