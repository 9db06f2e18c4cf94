import { expect, inspectEverywhere, test } from '../support/test'
import { thrown } from '../support/thrown'

test('the throw-away machine against its baseline: the profile, the machine, one check', async ({ page }) => {
  test.setTimeout(180_000)
  const run = async () => ((await (await page.request.get(`/api/v1/devices/${thrown.device()}/baselines`)).json()) as { items: unknown[] }).items.length
  await expect.poll(run, { timeout: 80_000, message: 'it was compared with its baseline' }).toBeGreaterThan(0)
  await page.goto('/baselines')
  const profile = page.getByRole('table', { name: 'Profiles' }).getByRole('row').filter({ hasText: 'debian-server-level1' })
  await expect(profile).toBeVisible()
  await inspectEverywhere(page, '240-baselines')
  await page.goto('/baselines/debian-server-level1')
  await expect(page.getByRole('grid', { name: 'Checks' }).getByRole('row').nth(1)).toBeVisible()
  await inspectEverywhere(page, '241-profile')

  await page.goto(`/devices/${thrown.device()}/baseline?state=not_compliant`)
  await expect(page.getByText(/% compliant/)).toBeVisible()
  const checks = page.getByRole('grid', { name: 'Checks' })
  await expect(checks.getByRole('row').nth(1)).toContainText('Not compliant')
  await checks.getByRole('row').nth(1).click()
  await expect(page.getByRole('region', { name: 'Why' })).toBeVisible()
  await expect(page.getByRole('region', { name: 'What to do' })).toBeVisible()
  await inspectEverywhere(page, '242-device-check')

  await page.goto('/exposure')
  await expect(page.getByRole('group', { name: 'Exposure score' }).locator('b')).toHaveText(/^\d+\.\d$/)
  await inspectEverywhere(page, '243-exposure')
  await page.goto('/secure-score')
  await expect(page.getByRole('heading', { level: 1, name: /secure score/i })).toBeVisible()
  await inspectEverywhere(page, '244-secure-score')
})
