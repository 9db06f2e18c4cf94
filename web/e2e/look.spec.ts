import type { Page } from '@playwright/test'
import { expect, inspect, openFirstDevice, shot, test } from './support/test'

test('dark, light and like the system, kept over a reload', async ({ page }) => {
  await page.goto('/devices')
  const choose = async (name: string) => {
    await page.getByRole('button', { name: 'Theme' }).click()
    await page.getByRole('menuitemradio', { name }).click()
  }
  await choose('Dark')
  await expect(page.locator('html')).toHaveAttribute('data-theme', 'dark')
  await page.reload()
  await expect(page.locator('html')).toHaveAttribute('data-theme', 'dark')
  await expect(page.getByRole('grid', { name: 'Devices' })).toBeVisible()
  await shot(page, '60-dark-devices')
  await choose('Light')
  await expect(page.locator('html')).toHaveAttribute('data-theme', 'light')
  await page.emulateMedia({ colorScheme: 'dark' })
  await choose('Like the system')
  await expect(page.locator('html')).toHaveAttribute('data-theme', 'dark')
})

const fits = async (page: Page) => expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390)

for (const [path, name] of [['/devices', 'Devices'], ['/hunting?q=DeviceInfo%0A%7C%20take%2020&run=true', 'Result']] as const) {
  test(`390 pixels are enough for reading: ${name}`, async ({ page }) => {
    await page.setViewportSize({ width: 390, height: 844 })
    await page.goto(path)
    await expect(page.getByRole('grid', { name }).getByRole('row').nth(1)).toBeVisible({ timeout: 30_000 })
    await fits(page)
    await inspect(page, `64-narrow-${name.toLowerCase()}`)
  })
}

test('390 pixels are enough for reading: a device and an event', async ({ page }) => {
  await page.setViewportSize({ width: 390, height: 844 })
  await openFirstDevice(page)
  const row = page.getByRole('grid', { name: 'Timeline' }).getByRole('row').nth(1)
  await expect(row).toBeVisible()
  await fits(page)
  await inspect(page, '65-narrow-device')
  await row.click()
  await expect(page.getByRole('link', { name: 'Open in hunting' })).toBeVisible()
  await fits(page)
  await inspect(page, '67-narrow-event')
})

test('the whole way by keyboard', async ({ page }) => {
  await page.goto('/devices')
  const grid = page.getByRole('grid', { name: 'Devices' })
  await expect(grid.getByRole('row').nth(1)).toBeVisible()
  await page.keyboard.press('Tab')
  await expect(page.getByRole('link', { name: 'Skip to the page' })).toBeFocused()
  await page.keyboard.press('Enter')
  await expect(page.getByRole('main')).toBeFocused()
  await expect(async () => {
    await page.keyboard.press('Tab')
    expect(await page.evaluate(() => document.activeElement?.getAttribute('role'))).toBe('row')
  }).toPass({ intervals: [10] })
  await page.keyboard.press('End')
  await page.keyboard.press('Home')
  await page.keyboard.press('Enter')
  await expect(page).toHaveURL(/panel=/)
  await page.keyboard.press('Escape')
  await expect(page).not.toHaveURL(/panel=/)
  // The keyboard is back where it was.
  await expect(grid.getByRole('row').nth(1)).toBeFocused()
})

test('an address that does not exist says so', async ({ page }) => {
  await page.goto('/no-such-room')
  await expect(page.getByRole('heading', { name: 'There is no such page' })).toBeVisible()
  await inspect(page, '66-no-page')
})
