import { execFileSync } from 'node:child_process'
import type { Locator, Page } from '@playwright/test'
import { expect, inspect, openFirstDevice, openProcesses, shot, test } from './support/test'

test('timeline: filters, panel, and on to hunting', async ({ page }) => {
  await openFirstDevice(page)
  const grid = page.getByRole('grid', { name: 'Timeline' })
  await expect(grid.getByRole('row').nth(3)).toBeVisible()
  await inspect(page, '20-timeline')
  await page.getByRole('button', { name: 'Processes' }).click()
  await expect(page).toHaveURL(/tables=DeviceProcessEvents/)
  await page.getByRole('combobox', { name: 'Time range' }).selectOption('7d')
  await expect(page).toHaveURL(/range=7d/)
  await expect(grid.getByRole('row').nth(1)).toContainText('Processes')
  await grid.getByRole('row').nth(1).click()
  await expect(page).toHaveURL(/event=/)
  await expect(page.getByRole('link', { name: /^Process tree of/ }).first()).toBeVisible()
  await inspect(page, '21-timeline-panel')
  await page.reload()
  await page.getByRole('link', { name: 'Open in hunting' }).click()
  await expect(page).toHaveURL(/\/hunting\?q=DeviceProcessEvents/)
  await expect(page.getByRole('grid', { name: 'Result' }).getByRole('row')).toHaveCount(2, { timeout: 30_000 })
})

test('timeline: a time of one’s own, words, and nothing found', async ({ page }) => {
  await openFirstDevice(page)
  const grid = page.getByRole('grid', { name: 'Timeline' })
  await page.getByRole('combobox', { name: 'Time range' }).selectOption('custom')
  await expect(page).toHaveURL(/from=/)
  const from = page.getByLabel('From, local time')
  await from.fill('2026-01-02T03:04:05')
  await from.press('Enter')
  await expect(page).toHaveURL(/from=2026-01-0[123]T/)
  await expect(grid.getByRole('row').nth(1)).toBeVisible()
  await page.getByRole('searchbox', { name: 'Search events' }).pressSequentially('no-such-word-anywhere', { delay: 5 })
  await expect(page).toHaveURL(/search=no-such-word-anywhere/)
  await expect(page.getByRole('heading', { name: 'Nothing was recorded in this time' })).toBeVisible()
  await inspect(page, '27-timeline-none')
  await page.goto(`${new URL(page.url()).pathname}?from=yesterday&tables=Nothing`)
  await expect(grid.getByRole('row').nth(1)).toBeVisible()
})

/** Opens a timeline that has more than one page. */
async function openLongTimeline(page: Page): Promise<Locator> {
  execFileSync('/bin/sh', ['-c', 'for i in $(seq 250); do /bin/true; done'])
  await openFirstDevice(page)
  await expect(async () => {
    await page.getByRole('button', { name: 'Read again' }).click()
    await expect(page.getByText('200 events read; scroll for older ones')).toBeVisible({ timeout: 3_000 })
  }).toPass({ timeout: 30_000 })
  return page.getByRole('grid', { name: 'Timeline' })
}

test('timeline: older events are read while scrolling, and Back returns to the same place', async ({ page }) => {
  const grid = await openLongTimeline(page)
  await grid.getByRole('row').nth(1).focus()
  await page.keyboard.press('End')
  await expect(page.getByText('200 events read')).toHaveCount(0)
  await expect.poll(() => grid.evaluate((element) => element.scrollTop)).toBeGreaterThan(2000)
  const place = await grid.evaluate((element) => element.scrollTop)
  await page.getByRole('tab', { name: 'Facts' }).click()
  await expect(page.getByText('Device id').first()).toBeVisible()
  await page.goBack()
  await expect.poll(() => grid.evaluate((element) => element.scrollTop)).toBe(place)
})

test('timeline: a page that fails is said, and not asked for again by itself', async ({ page }) => {
  const grid = await openLongTimeline(page)
  let asked = 0
  await page.route(/\/timeline\?.*cursor=/, async (route) => {
    asked += 1
    await route.fulfill({ status: 503, json: { error: { code: 'state_unavailable', message: 'the state is not available' } } })
  })
  await grid.getByRole('row').nth(1).focus()
  await page.keyboard.press('End')
  const alert = page.getByRole('alert')
  await expect(alert).toContainText('More events could not be read')
  await page.keyboard.press('Home')
  await page.keyboard.press('End')
  await inspect(page, '28-timeline-more-failed')
  expect(asked).toBe(1)
  await page.unroute(/\/timeline\?.*cursor=/)
  await alert.getByRole('button', { name: 'Try again' }).click()
  await expect(alert).toHaveCount(0)
  await expect(page.getByText('200 events read')).toHaveCount(0)
})

test('process tree: drawn, by keyboard, and as a list', async ({ page }) => {
  await openProcesses(page)
  await page.getByRole('grid', { name: 'Timeline' }).getByRole('row').nth(1).click()
  await page.getByRole('link', { name: /^Process tree of/ }).first().click()
  await expect(page.getByRole('heading', { name: /^Process tree of/ })).toBeVisible()
  const cards = page.locator('.react-flow__node')
  await expect(cards.first()).toBeVisible()
  expect(await cards.count()).toBeGreaterThan(1)
  await inspect(page, '22-process-tree')

  await cards.first().focus()
  await page.keyboard.press('Enter')
  await expect(page).toHaveURL(/node=/)
  await expect(page.getByText('Command line').first()).toBeVisible()
  await shot(page, '23-process-node')

  await page.getByRole('button', { name: 'Close the panel' }).click()
  await page.getByRole('button', { name: 'As a list' }).click()
  const items = page.getByRole('tree', { name: 'Process tree' }).getByRole('treeitem')
  await expect(items.nth(1)).toBeVisible()
  await inspect(page, '24-process-list')
  // Choosing a process opens its panel and does not fold its children.
  await items.first().focus()
  await page.keyboard.press('Enter')
  await expect(page).toHaveURL(/node=/)
  await expect(items.nth(1)).toBeVisible()
  await page.keyboard.press('Escape')
  await expect(page).not.toHaveURL(/node=/)
})

for (const [tab, text] of [['Facts', 'Device id'], ['Sensor', 'Counters']] as const) {
  test(`tab ${tab}`, async ({ page }) => {
    await openFirstDevice(page)
    await page.getByRole('tab', { name: tab }).click()
    await expect(page.getByText(text).first()).toBeVisible()
    await inspect(page, `25-device-${tab.toLowerCase()}`)
  })
}

test('a device that does not exist says so', async ({ page }) => {
  await page.goto(`/devices/${'0'.repeat(40)}/timeline`)
  await expect(page.getByRole('heading', { name: 'There is no such device' })).toBeVisible()
  await inspect(page, '26-no-device')
  await page.getByRole('link', { name: 'Look for it in the list' }).click()
  await expect(page.getByRole('grid', { name: 'Devices' })).toBeVisible()
})
