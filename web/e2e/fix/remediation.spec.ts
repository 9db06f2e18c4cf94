import { expect, inspectEverywhere, test } from '../support/test'
import { thrown } from '../support/thrown'

const OLD = '2.5.0-1'
const NEW = '2.5.0-1+deb12u99'
/** Sensors fetch orders at their next contact, and inventories follow what changes packages. */
const soon = { timeout: 120_000 }
const inDays = (days: number): string => new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10)

test('a fix: taken on, tried, approved, carried out by the sensor, proved by the inventory', async ({ page }) => {
  test.setTimeout(300_000)
  await page.goto(`/devices/${thrown.device()}/vulnerabilities?search=expat`)
  const findings = page.getByRole('grid', { name: /vulnerabilities/i })
  await expect(findings.getByRole('row').nth(1)).toContainText('expat')
  await inspectEverywhere(page, '200-device-findings')

  await page.goto('/recommendations?search=expat')
  await page.getByRole('grid', { name: 'Recommendations' }).getByRole('row').nth(1).click()
  const section = page.getByRole('region', { name: 'Remediation' })
  await expect(section).toContainText('Nobody has asked for it')
  await inspectEverywhere(page, '201-recommendation')

  // Somebody takes it on.
  await section.getByRole('button', { name: 'Request remediation' }).click()
  const request = page.getByRole('dialog').filter({ hasText: 'before somebody approves' })
  await request.getByLabel(/^Owner\b/).fill('grace@example.org')
  await request.getByLabel('Due').fill(inDays(14))
  await request.getByLabel('Priority').selectOption('high')
  await request.getByLabel('Note').fill('Parses what strangers send')
  await request.getByRole('radio', { name: /^Sensors/ }).check()
  await request.getByLabel(/^Minutes that it has to stand/).fill('0')
  await inspectEverywhere(page, '202-request')
  await request.getByRole('button', { name: 'Request', exact: true }).click()
  await page.waitForURL(/\/remediations\/[0-9a-f-]{36}/)
  const state = page.getByRole('heading', { level: 1 }).locator('..')
  const decided = page.getByRole('region', { name: 'What was decided' })
  await expect(state).toContainText('Requested')
  await expect(decided).toContainText('grace@example.org')
  await expect(decided).toContainText('0 of 1 fixed')
  const row = page.getByRole('grid', { name: 'Devices' }).getByRole('row').nth(1)
  await expect(row).toContainText('Waits')
  await inspectEverywhere(page, '203-requested')

  // The dry run says what would happen, and nothing does.
  await page.getByRole('button', { name: 'Approve…' }).click()
  const approve = page.getByRole('dialog')
  await expect(approve).toContainText('changes nothing')
  await inspectEverywhere(page, '204-approve-dry-run')
  await approve.getByRole('button', { name: 'Approve the dry run' }).click()
  await expect(state).toContainText('Dry run is over', soon)
  await expect(row).toContainText('Dry run went well')
  await row.click()
  const would = page.getByRole('table', { name: 'Would change' })
  await expect(would).toContainText('libexpat1')
  await expect(would).toContainText(NEW)
  expect(thrown.installed('libexpat1')).toBe(OLD)
  await inspectEverywhere(page, '205-dry-run')
  await page.getByRole('button', { name: 'Close the panel' }).click()

  // The update, held in the middle so that it can be looked at.
  await page.getByRole('button', { name: 'Approve…' }).click()
  await expect(approve).toContainText('sends a receipt with proof')
  await inspectEverywhere(page, '206-approve-update')
  await approve.getByRole('button', { name: 'Approve the update' }).click()
  await expect(row).toContainText('Update ordered', soon)
  await expect(state).toContainText('Running')
  await expect(decided).toContainText('0 of 1 fixed')
  await inspectEverywhere(page, '207-running')
  thrown.go()

  // Its own inventory is what counts.
  await expect(state).toContainText('Completed', soon)
  await expect(decided).toContainText('1 of 1 fixed')
  await expect(row).toContainText('Verified by its inventory')
  expect(thrown.installed('libexpat1')).toBe(NEW)
  await inspectEverywhere(page, '208-completed')
  await row.click()
  await expect(page.getByText('Its own inventory has shown the fix since')).toBeVisible()
  const changed = page.getByRole('table', { name: 'Changed' })
  await expect(changed).toContainText(OLD)
  await expect(changed).toContainText(NEW)
  await expect(page.getByRole('region', { name: 'Commands' })).toContainText('apt-get')
  await expect(page.getByText('It can go back to the versions from before')).toBeVisible()
  await inspectEverywhere(page, '209-proof')
  await page.getByRole('link', { name: 'Its order' }).click()
  await page.waitForURL(/\/orders\?open=/)
  await expect(page.getByText('libexpat1').first()).toBeVisible()
  await inspectEverywhere(page, '210-receipt')

  // Nothing of it is left to find.
  await page.goto(`/devices/${thrown.device()}/vulnerabilities?search=expat`)
  await expect(page.getByText('No vulnerability matches')).toBeVisible()
  await expect(findings).toHaveCount(0)
  await inspectEverywhere(page, '211-finding-gone')
  await page.goto('/recommendations?search=expat')
  await expect(page.getByText('No recommendation matches')).toBeVisible()
  await page.goto('/remediations')
  await expect(page.getByRole('grid', { name: 'Remediations' }).getByRole('row').nth(1)).toContainText('Completed')
  await inspectEverywhere(page, '212-remediations')
})
