import { expect, inspect, test } from './support/test'

interface Found {
  devices: { id: string; name: string }[]
  machines: { id: string; name: string }[]
}

/** The device of this machine's own sensor. */
async function own(request: import('@playwright/test').APIRequestContext): Promise<{ id: string; name: string }> {
  const answer = (await (await request.get('/api/v1/devices?limit=1')).json()) as { items: { id: string; name: string }[] }
  return answer.items[0]!
}

test('the box: / goes there, devices and machines come while one types, keys choose', async ({ page }) => {
  const device = await own(page.request)
  await page.goto('/devices')
  await expect(page.getByRole('grid', { name: 'Devices' }).getByRole('link').first()).toBeVisible()
  await page.locator('body').press('/')
  const box = page.getByRole('combobox', { name: 'Search everything' })
  await expect(box).toBeFocused()
  await box.pressSequentially(device.name.slice(0, 6), { delay: 10 })
  const hits = page.getByRole('listbox', { name: 'Found' })
  const hit = hits.getByRole('option').filter({ hasText: device.name }).filter({ hasText: 'Device' })
  await expect(hit.first()).toBeVisible()
  await inspect(page, '80-search-box')
  await box.press('Escape')
  await expect(hits).toBeHidden()
  await box.press('ArrowDown')
  await expect(hits.getByRole('option').first()).toHaveAttribute('aria-selected', 'true')
  const first = await hits.getByRole('option').first().innerText()
  await box.press('Enter')
  await expect(page).toHaveURL(first.includes('Machine ·') ? /\/machines\// : /\/devices\/[0-9a-f]{40}/)
  // A slash in a text is a slash.
  await page.goto('/devices')
  const filter = page.getByRole('searchbox', { name: 'Search devices' })
  await filter.click()
  await filter.press('/')
  await expect(filter).toHaveValue('/')
})

test('the page: everything that one name leads to, and what events spoke of', async ({ page }) => {
  const device = await own(page.request)
  await page.goto('/devices')
  const box = page.getByRole('combobox', { name: 'Search everything' })
  await box.fill(device.name)
  await box.press('Enter')
  await expect(page).toHaveURL(/\/search\?q=/)
  await expect(page.getByRole('table', { name: 'Devices' }).getByRole('link', { name: device.name, exact: true })).toBeVisible()
  await expect(page.getByRole('table', { name: 'Machines' }).getByRole('link', { name: device.name }).first()).toBeVisible()
  await inspect(page, '81-search-page')
  await page.reload()
  await expect(box).toHaveValue(device.name)

  // What ran here is found in events, and leads to a query that shows it.
  await box.fill('root')
  await box.press('Enter')
  const seen = page.getByRole('table', { name: /^In events of/ })
  await expect(seen.getByRole('row').filter({ hasText: 'User' }).getByRole('link', { name: 'root', exact: true })).toBeVisible({ timeout: 30_000 })
  await inspect(page, '82-search-events')
  await seen.getByRole('row').filter({ hasText: 'User' }).getByRole('link', { name: 'root', exact: true }).click()
  await expect(page).toHaveURL(/\/hunting\?/)
  await expect(page.getByRole('grid', { name: 'Result' }).getByRole('row').nth(1)).toBeVisible({ timeout: 30_000 })
})

test('findings, nothing, and a text that is no name', async ({ page }) => {
  await page.goto('/search?q=heartbeat_lost')
  await expect(page.getByRole('table', { name: 'Health findings' }).getByText('heartbeat_lost')).toBeVisible()
  await page.goto('/search?q=zzz-no-such-thing')
  await expect(page.getByRole('heading', { name: 'Nothing was found' })).toBeVisible({ timeout: 30_000 })
  await inspect(page, '83-search-nothing')
  await page.goto('/search?q=10.0.0.0%2F8')
  await expect(page.getByText('Looked for as a range of addresses.')).toBeVisible()
  const answer = (await (await page.request.get('/api/v1/search?q=zzz-no-such-thing&parts=devices,machines')).json()) as Found
  expect(answer.devices.length + answer.machines.length).toBe(0)
})

test('a machine shows its security products and what follows', async ({ page }) => {
  const device = await own(page.request)
  const found = (await (await page.request.get(`/api/v1/search?q=${device.id}&parts=machines`)).json()) as Found
  const machine = found.machines[0]!
  await expect
    .poll(async () => ((await (await page.request.get(`/api/v1/machines/${machine.id}/security-products`)).json()) as { seen_by: string }).seen_by, { timeout: 60_000 })
    .toBe('sensor')
  await page.goto(`/machines/${machine.id}`)
  const section = page.getByRole('region', { name: 'Security products' })
  await expect(section.getByText(/Looked at .* by the sensor/)).toBeVisible()
  await expect(section.getByRole('row').filter({ hasText: 'Palisade' })).toBeVisible()
  await expect(section.getByRole('article', { name: 'EDR solution should be installed' }).getByText('As it should be')).toBeVisible()
  await inspect(page, '84-security-products')
})
