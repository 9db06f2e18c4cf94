import type { APIRequestContext } from '@playwright/test'
import { expect, inspect, test } from './support/test'

const csrf = { 'X-Palisade-Csrf': '1' }

async function subscription(request: APIRequestContext, name: string): Promise<string> {
  const made = await request.post('/api/v1/subscriptions', { data: { name, kind: 'direct' }, headers: csrf })
  expect(made.ok(), await made.text()).toBe(true)
  return ((await made.json()) as { id: string }).id
}

/** The subscription of this machine's own sensor, with a plan. */
async function designated(request: APIRequestContext): Promise<{ id: string; name: string }> {
  const answer = (await (await request.get('/api/v1/subscriptions')).json()) as { items: { id: string; name: string; designated: boolean }[] }
  return answer.items.find((s) => s.designated)!
}

test('subscriptions: plans are switched, and endpoint protection is off and on', async ({ page }) => {
  const name = `Lab ${Date.now()}`
  await subscription(page.request, name)
  await page.goto('/estate')
  const card = page.getByRole('region', { name, exact: true })
  await expect(card.getByText('Servers plan: Off')).toBeVisible()
  await card.getByRole('button', { name: 'Change plans' }).click()
  const dialog = page.getByRole('dialog')
  await expect(dialog.getByRole('button', { name: 'Save' })).toBeDisabled()
  await dialog.getByRole('radio', { name: /^Servers Plan 2/ }).check()
  await dialog.getByRole('radio', { name: /^Posture:/ }).check()
  await inspect(page, '70-plans')
  await dialog.getByRole('button', { name: 'Save' }).click()
  await expect(card.getByText(/Servers Plan 2: On, free until \d{4}-/)).toBeVisible()
  await expect(card.getByText(/Posture: On, free until/)).toBeVisible()
  await card.getByRole('button', { name: /^Switch off endpoint protection/ }).click()
  await dialog.getByLabel('Reason').fill('a test')
  await dialog.getByRole('button', { name: 'Switch off' }).click()
  await expect(card.getByText('Endpoint protection: Off')).toBeVisible()
  await inspect(page, '71-subscriptions')
  await card.getByRole('button', { name: /^Switch on endpoint protection/ }).click()
  await dialog.getByRole('button', { name: 'Switch on' }).click()
  await expect(card.getByText('Endpoint protection: Off')).toHaveCount(0)
})

test('usage: hours of this machine, with a price, down to the hour, and as CSV', async ({ page }) => {
  const { id, name } = await designated(page.request)
  const paid = await page.request.put(`/api/v1/subscriptions/${id}/plans`, { data: { servers_step: 'p1', servers: 'pay' }, headers: csrf })
  expect(paid.ok(), await paid.text()).toBe(true)
  await expect
    .poll(async () => ((await (await page.request.get(`/api/v1/usage?subscription=${id}`)).json()) as { totals: { hours: number } }).totals.hours, {
      timeout: 60_000,
    })
    .toBeGreaterThan(0)
  await page.goto('/usage')
  const table = page.getByRole('table', { name: 'Usage' })
  await expect(table.getByRole('link', { name })).toBeVisible()
  const prices = page.getByRole('form', { name: 'Set prices' })
  await prices.getByLabel('From (midnight UTC)').fill('2020-01-01')
  await prices.getByLabel('Servers Plan 1').fill('0.007')
  await prices.getByRole('button', { name: 'Set prices' }).click()
  await expect(page.getByRole('table', { name: 'Prices' }).getByText('0.007')).toBeVisible()
  await expect(table.getByText(/0\.0\d+ EUR|\d\.\d\d EUR/).first()).toBeVisible()
  await inspect(page, '72-usage')
  const csv = await page.request.get((await page.getByRole('link', { name: 'CSV' }).getAttribute('href'))!)
  expect(csv.headers()['content-type']).toContain('text/csv')
  expect(await csv.text()).toMatch(/^subscription_id,subscription,machines,hours,/)
  await table.getByRole('link', { name }).click()
  await expect(page).toHaveURL(/by=machine&.*subscription=|subscription=.*by=machine/)
  await table.getByRole('link').first().click()
  await expect(page).toHaveURL(/by=hour/)
  await expect(table.getByRole('row').nth(1)).toContainText('UTC')
  await inspect(page, '73-usage-hours')
  await page.reload()
  await expect(table.getByRole('row').nth(1)).toContainText('UTC')
})

test('usage of a month without any teaches the next step', async ({ page }) => {
  await page.goto('/usage?month=2019-03')
  await expect(page.getByRole('heading', { name: /Nothing was metered/ })).toBeVisible()
  await inspect(page, '74-usage-nothing')
})
