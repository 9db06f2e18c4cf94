import { recommendations } from './support/recommendation'
import { expect, inspect, test } from './support/test'

/** So many days from now, as a date field takes it. */
const day = (ahead: number): string => new Date(Date.now() + ahead * 86_400_000).toISOString().slice(0, 10)

test('a remediation is requested from its recommendation, changed, found again and cancelled', async ({ page }) => {
  // The baseline of the own machine is waited for.
  test.slow()
  const one = (await recommendations(page.request))[0]!
  await page.goto(`/recommendations?panel=${encodeURIComponent(one.id)}`)
  const section = page.getByRole('region', { name: 'Remediation' })
  await section.getByRole('button', { name: 'Request remediation' }).click()
  const dialog = page.getByRole('dialog').filter({ hasText: 'before somebody approves' })
  const owner = `team-${Date.now()}@example.org`
  await dialog.getByLabel(/^Owner\b/).fill(owner)
  await dialog.getByLabel('Due').fill(day(30))
  await dialog.getByLabel('Priority').selectOption('high')
  await dialog.getByLabel('Note').fill('Before the audit')
  // Sensors carry out updates; this one is about a setting.
  await expect(dialog.getByRole('radio', { name: /^Sensors/ })).toBeDisabled()
  await inspect(page, '150-request')
  await dialog.getByRole('button', { name: 'Request', exact: true }).click()

  await page.waitForURL(/\/remediations\/[0-9a-f-]{36}/)
  const decided = page.getByRole('region', { name: 'What was decided' })
  await expect(decided).toContainText(owner)
  await expect(decided).toContainText('By people')
  await expect(decided.getByRole('progressbar')).toBeVisible()
  await expect(page.getByRole('button', { name: 'Approve…' })).toHaveCount(0)
  await expect(page.getByRole('grid', { name: 'Devices' }).getByRole('row').nth(1)).toBeVisible()
  await inspect(page, '151-remediation')

  await page.getByRole('button', { name: 'Change' }).click()
  const change = page.getByRole('dialog')
  // What is past is no date for something to come: refused, and kept to be mended.
  await change.getByLabel('Due').fill('2020-01-31')
  await change.getByRole('button', { name: 'Save' }).click()
  await expect(change.getByRole('alert')).toContainText('invalid_argument')
  await change.getByLabel('Due').fill(day(60))
  await change.getByLabel('Priority').selectOption('low')
  await change.getByRole('button', { name: 'Save' }).click()
  await expect(change).toHaveCount(0)
  await expect(decided).toContainText('Low')

  await page.getByRole('navigation', { name: 'Where you are' }).getByRole('link', { name: 'Remediation' }).click()
  await page.getByRole('button', { name: 'Requested', exact: true }).click()
  await expect(page).toHaveURL(/state=requested/)
  await page.reload()
  const row = page.getByRole('grid', { name: 'Remediations' }).getByRole('row').filter({ hasText: owner })
  await expect(row).toContainText('Requested')
  const file = await page.request.get(String(await page.getByRole('link', { name: 'CSV' }).getAttribute('href')))
  expect(file.headers()['content-type']).toContain('text/csv')
  expect(await file.text()).toContain(owner)
  await inspect(page, '152-remediations')

  await row.getByRole('link').first().click()
  await page.getByRole('button', { name: 'Cancel', exact: true }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Cancel the remediation' }).click()
  await expect(page.getByRole('heading', { level: 1 }).locator('..')).toContainText('Cancelled')
  await expect(page.getByRole('button', { name: 'Change' })).toHaveCount(0)
})

test('application blocks: none, what makes one, and a filter that stays', async ({ page }) => {
  await page.goto('/application-blocks')
  await expect(page.getByRole('heading', { level: 1, name: 'Application blocks' })).toBeVisible()
  await expect(page.getByText('A rule warns for a day before it may block')).toBeVisible()
  await page.getByLabel('Which rules').selectOption('all')
  await page.getByRole('button', { name: 'Blocks', exact: true }).click()
  await expect(page).toHaveURL(/mode=block/)
  await page.reload()
  await expect(page.getByLabel('Which rules')).toHaveValue('all')
  await inspect(page, '153-blocks')
})

test('390 pixels are enough for reading: remediation', async ({ page }) => {
  await page.setViewportSize({ width: 390, height: 844 })
  for (const [path, name] of [['/remediations', 'Remediation'], ['/application-blocks', 'Application blocks'], ['/events', 'Event timeline']] as const) {
    await page.goto(path)
    await expect(page.getByRole('heading', { level: 1, name })).toBeVisible()
    expect(await page.evaluate(() => document.documentElement.scrollWidth), path).toBeLessThanOrEqual(390)
  }
  await inspect(page, '154-narrow-events')
})
