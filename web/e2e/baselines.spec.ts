import { expect, inspect, openFirstDevice, test } from './support/test'
import { csrf } from './support/estate'

const BASE = 'debian-server-level1'

test('the own machine is compared with a baseline, check by check', async ({ page }) => {
  // The baseline of the own machine is waited for.
  test.slow()
  const id = await openFirstDevice(page)
  const run = async () => ((await (await page.request.get(`/api/v1/devices/${id}/baselines`)).json()) as { items: unknown[] }).items.length
  await expect.poll(run, { timeout: 80_000, message: 'the own machine was compared with its baseline' }).toBeGreaterThan(0)
  await page.getByRole('tab', { name: 'Baseline' }).click()
  await expect(page.getByText(/% compliant/)).toBeVisible()
  await page.getByLabel('Result').selectOption('not_compliant')
  await expect(page).toHaveURL(/state=not_compliant/)
  const grid = page.getByRole('grid', { name: 'Checks' })
  await expect(grid.getByRole('row').nth(1)).toContainText('Not compliant')
  await inspect(page, '160-device-baseline')
  await grid.getByRole('row').nth(1).click()
  const panel = page.getByRole('region', { name: 'Why' })
  await expect(panel).toBeVisible()
  await expect(page.getByRole('region', { name: 'What to do' })).toBeVisible()
  await inspect(page, '161-device-check')
  await page.reload()
  await expect(panel).toBeVisible()
  await page.getByRole('link', { name: 'On other devices' }).click()
  await expect(page.getByRole('region', { name: 'Devices' }).getByRole('article').first()).toBeVisible()
  await inspect(page, '162-check')
})

test('a profile of one’s own: from one that is there, with another threshold and without a check, assigned, exported, imported, deleted', async ({ page }) => {
  const name = `web-${Date.now()}`
  await page.goto('/baselines')
  await expect(page.getByRole('table', { name: 'Profiles' }).getByRole('row').nth(1)).toBeVisible()
  await inspect(page, '163-baselines')
  await page.goto(`/baselines/${BASE}`)
  await page.getByRole('button', { name: 'Make your own from it' }).click()
  const form = page.getByRole('form', { name: 'Profile' })
  await form.getByLabel(/^Name\b/).fill(name)
  await form.getByLabel(/^Title\b/).fill(`Web ${name}`)
  await form.getByRole('searchbox', { name: 'Search checks to choose' }).fill('ssh.')
  const checks = form.getByRole('list').getByRole('listitem')
  await expect(checks.first()).toBeVisible()
  // The list follows the typing a moment later: what is chosen before that may go away.
  await expect(checks.filter({ hasNotText: 'ssh.' })).toHaveCount(0)
  const left = (await checks.filter({ has: page.getByRole('checkbox', { checked: true }), hasNotText: 'ssh.max_auth_tries' }).first().locator('code').first().innerText()).trim()
  await checks.filter({ has: page.getByText(left, { exact: true }) }).getByRole('checkbox').uncheck()
  const tries = checks.filter({ hasText: 'ssh.max_auth_tries' }).getByRole('textbox').first()
  await tries.fill('1000000')
  await expect(form.getByRole('alert').first()).toBeVisible()
  await expect(form.getByRole('button', { name: 'Make the profile' })).toBeDisabled()
  await tries.fill('2')
  await inspect(page, '164-new-profile')
  await form.getByRole('button', { name: 'Make the profile' }).click()
  await page.waitForURL(new RegExp(`/baselines/${name}`))
  await expect(page.getByRole('heading', { level: 1, name: `Web ${name}` })).toBeVisible()

  const toml = await (await page.request.get(String(await page.getByRole('link', { name: 'Export' }).getAttribute('href')))).text()
  expect(toml).toContain(`extends = "${BASE}"`)
  expect(toml).toContain(left)
  expect(toml).toMatch(/ssh\.max_auth_tries/)

  await page.getByRole('searchbox', { name: 'Search checks' }).fill('ssh.max_auth_tries')
  const row = page.getByRole('grid', { name: 'Checks' }).getByRole('row').filter({ hasText: 'ssh.max_auth_tries' })
  await expect(row).toContainText('= 2')
  await row.click()
  await expect(page.getByRole('region', { name: 'Why' })).toBeVisible()
  await inspect(page, '165-profile')
  await page.getByRole('button', { name: 'Close the panel' }).click()

  await page.getByRole('button', { name: 'Assign' }).click()
  await page.getByRole('dialog').getByRole('radio', { name: /^Nowhere/ }).check()
  await page.getByRole('dialog').getByRole('button', { name: 'Save' }).click()
  await expect(page.getByRole('dialog')).toHaveCount(0)
  await expect(page.getByText('assigned to nobody')).toBeVisible()

  await page.getByRole('button', { name: 'Delete' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click()
  await page.waitForURL(/\/baselines$/)
  await page.getByRole('button', { name: 'Import' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel(/^Profile \(TOML\)/).fill('format = 1')
  await dialog.getByRole('button', { name: 'Import' }).click()
  await expect(dialog.getByRole('alert')).toContainText('baseline_')
  await dialog.getByLabel(/^Profile \(TOML\)/).fill(toml)
  await inspect(page, '166-import')
  await dialog.getByRole('button', { name: 'Import' }).click()
  await page.waitForURL(new RegExp(`/baselines/${name}`))
  await page.request.delete(`/api/v1/baseline-profiles/${name}`, { headers: csrf })
})

test('the secure score is on the dashboard, and opens its course and every device', async ({ page }) => {
  await page.goto('/exposure')
  const card = page.getByRole('region', { name: 'Secure score' })
  await expect(card.getByRole('list', { name: 'Secure score by category' }).getByRole('listitem')).toHaveCount(5)
  await card.getByRole('link', { name: 'Its course, and every device' }).click()
  await expect(page.getByRole('heading', { level: 1, name: 'Secure score' })).toBeVisible()
  await page.getByLabel('Time range').selectOption('90d')
  await expect(page).toHaveURL(/range=90d/)
  await page.reload()
  await expect(page.getByLabel('Time range')).toHaveValue('90d')
  await inspect(page, '167-secure-score')
})

test('390 pixels are enough for reading: baselines', async ({ page }) => {
  await page.setViewportSize({ width: 390, height: 844 })
  for (const path of ['/baselines', `/baselines/${BASE}`, '/secure-score']) {
    await page.goto(path)
    await expect(page.getByRole('heading', { level: 1 })).toBeVisible()
    expect(await page.evaluate(() => document.documentElement.scrollWidth), path).toBeLessThanOrEqual(390)
  }
  await inspect(page, '168-narrow-secure-score')
})
