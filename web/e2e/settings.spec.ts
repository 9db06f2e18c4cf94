import { expect, expectAccessible, shot, test } from './support/test'

test('API tokens: made, shown once, ended', async ({ page }) => {
  await page.goto('/settings/tokens')
  const form = page.getByRole('region', { name: 'Make a token' })
  await form.getByLabel('Name').fill('e2e token')
  await form.getByRole('button', { name: 'Make a token' }).click()
  await expect(form.getByLabel('Token', { exact: true })).toContainText('pal_')
  await shot(page, '50-token')
  await expectAccessible(page)
  await form.getByRole('button', { name: 'I have it' }).click()
  await page.getByRole('button', { name: 'End e2e token' }).first().click()
  await page.getByRole('dialog').getByRole('button', { name: 'End the token' }).click()
  await expect(page.getByRole('dialog')).toHaveCount(0)
})

test('enrolment: a token with its command', async ({ page }) => {
  await page.goto('/settings/enrolment')
  await page.getByRole('button', { name: 'Make a token' }).click()
  await expect(page.getByLabel('Command', { exact: true })).toContainText('palisade-sensor')
  await shot(page, '51-enrolment')
  await expectAccessible(page)
})

test('people: an invitation gives a link', async ({ page }) => {
  await page.goto('/settings/people')
  const form = page.getByRole('region', { name: 'Invite somebody' })
  const name = `Grace ${Date.now()}`
  await form.getByLabel('Name').fill(name)
  await form.getByLabel('Email').fill(`grace${Date.now()}@example.org`)
  await form.getByRole('button', { name: 'Invite' }).click()
  await expect(form.getByLabel('Set-up link', { exact: true })).toContainText('/setup?token=')
  await shot(page, '52-people')
  await expectAccessible(page)
  await page.getByRole('button', { name: `Remove ${name}` }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click()
  await expect(page.getByRole('button', { name: `Remove ${name}` })).toHaveCount(0)
})

test('sessions and audit', async ({ page }) => {
  await page.goto('/settings/sessions')
  await expect(page.getByText('This one')).toBeVisible()
  await shot(page, '53-sessions')
  await expectAccessible(page)
  await page.goto('/settings/audit')
  await expect(page.getByRole('grid', { name: 'Audit log' }).getByRole('row').nth(1)).toBeVisible()
  await shot(page, '54-audit')
  await expectAccessible(page)
})
