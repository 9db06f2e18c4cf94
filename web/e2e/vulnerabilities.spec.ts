import { expect, inspect, test } from './support/test'

const PAGES = [
  { path: '/recommendations', title: 'Recommendations', what: 'recommendations' },
  { path: '/weaknesses', title: 'Weaknesses', what: 'weaknesses' },
  { path: '/software', title: 'Software', what: 'software' },
] as const

test('the dashboard says how exposed the machines are, and never takes a missing feed for good news', async ({ page }) => {
  const feeds = (await (await page.request.get('/api/v1/vulnerability-feeds')).json()) as { items: { alarm: boolean }[] }
  const score = (await (await page.request.get('/api/v1/exposure-score')).json()) as { score: number | null; unassessed_devices: number }
  await page.goto('/exposure')
  await expect(page.getByRole('heading', { level: 1, name: 'Vulnerability management' })).toBeVisible()
  const alarm = page.getByRole('alert').filter({ hasText: /feed/i })
  if (feeds.items.length === 0) await expect(alarm).toContainText('no clean bill')
  else if (feeds.items.some((f) => f.alarm)) await expect(alarm).toContainText('missing from every figure')
  else await expect(alarm).toHaveCount(0)
  const figure = page.getByRole('group', { name: 'Exposure score' })
  if (score.score === null) await expect(figure).toContainText('nobody knows')
  else await expect(figure.locator('b')).toHaveText(/^\d+\.\d$/)
  await expect(page.getByRole('region', { name: 'Vulnerabilities by severity' }).getByRole('link')).toHaveCount(5)
  await expect(page.getByRole('region', { name: 'Feeds' })).toBeVisible()
  const course = page.getByRole('region', { name: 'Exposure over time' })
  await course.getByLabel('Time range').selectOption('90d')
  await expect(page).toHaveURL(/range=90d/)
  await page.reload()
  await expect(course.getByLabel('Time range')).toHaveValue('90d')
  await inspect(page, '130-exposure')
})

for (const { path, title, what } of PAGES) {
  test(`${title}: found, filtered, reloaded and exported`, async ({ page }) => {
    await page.goto(path)
    await expect(page.getByRole('heading', { level: 1, name: title })).toBeVisible()
    await page.getByRole('searchbox', { name: `Search ${what}` }).fill('no-such-thing-anywhere')
    await expect(page).toHaveURL(/search=no-such-thing-anywhere/)
    await expect(page.getByText(/matches$/)).toBeVisible()
    await page.reload()
    await expect(page.getByRole('searchbox', { name: `Search ${what}` })).toHaveValue('no-such-thing-anywhere')
    const file = await page.request.get(String(await page.getByRole('link', { name: 'CSV' }).getAttribute('href')))
    expect(file.headers()['content-type']).toContain('text/csv')
    expect((await file.text()).trimEnd().split('\r\n')).toHaveLength(1)
    await page.getByRole('button', { name: 'Clear', exact: true }).last().click()
    await expect(page).not.toHaveURL(/search=/)
    await inspect(page, `131-${what}`)
  })
}

test('a machine shows what is installed, with its evidence, and whether it was judged', async ({ page }) => {
  const devices = (await (await page.request.get('/api/v1/devices?limit=1')).json()) as { items: { id: string }[] }
  const id = devices.items[0]!.id
  const total = async () => ((await (await page.request.get(`/api/v1/devices/${id}/software`)).json()) as { total: number }).total
  await expect.poll(total, { timeout: 80_000, message: 'the inventory of the own machine has come' }).toBeGreaterThan(10)
  await page.goto(`/devices/${id}/software`)
  await page.getByRole('searchbox', { name: 'Search software of the device' }).fill('libc')
  await expect(page).toHaveURL(/search=libc/)
  const grid = page.getByRole('grid', { name: 'Software' })
  // The list from before the search is there until the new one has come.
  await expect(grid.getByRole('row').nth(1)).toContainText('libc')
  await expect(grid.getByRole('row').nth(2)).toContainText('libc')
  await grid.getByRole('row').nth(1).click()
  await expect(page).toHaveURL(/panel=/)
  await expect(page.getByRole('link', { name: 'On other devices' })).toBeVisible()
  await inspect(page, '133-device-software')
  await page.getByRole('link', { name: 'On other devices' }).click()
  await expect(page.getByRole('table', { name: 'Versions' }).getByRole('row').nth(1)).toBeVisible()
  await page.goto(`/devices/${id}/vulnerabilities`)
  await expect(page.getByText(/was not judged yet|^Exposure/)).toBeVisible()
  await inspect(page, '134-device-vulnerabilities')
})

test('certificates are listed, those that end first at the top', async ({ page }) => {
  await page.goto('/certificates?store=all')
  await expect(page.getByRole('heading', { level: 1, name: 'Certificates' })).toBeVisible()
  await page.getByLabel('When it ends').selectOption('60')
  await expect(page).toHaveURL(/ends=60/)
  await inspect(page, '135-certificates')
})

test('390 pixels are enough for reading: exposure', async ({ page }) => {
  await page.setViewportSize({ width: 390, height: 844 })
  await page.goto('/exposure')
  await expect(page.getByRole('region', { name: 'Exposure', exact: true })).toBeVisible()
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390)
  await inspect(page, '136-narrow-exposure')
})
