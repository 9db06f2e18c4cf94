import { expect, inspect, test } from './support/test'

test('the list shows this machine with health, and filters live in the address', async ({ page }) => {
  await page.goto('/devices')
  const grid = page.getByRole('grid', { name: 'Devices' })
  await expect(grid.getByRole('link').first()).toBeVisible()
  const health = (await grid.getByRole('row').nth(1).getByRole('gridcell').nth(1).innerText()).trim()
  expect(['Active', 'Impaired', 'Inactive', 'No sensor data']).toContain(health)
  await inspect(page, '10-devices')

  const name = await grid.getByRole('link').first().innerText()
  await page.getByRole('searchbox', { name: 'Search devices' }).pressSequentially(name, { delay: 5 })
  await expect(page).toHaveURL(/search=/)
  await page.reload()
  await expect(page.getByRole('searchbox', { name: 'Search devices' })).toHaveValue(name)
  await expect(grid.getByRole('link', { name })).toBeVisible()

  await page.getByRole('button', { name: health, exact: true }).click()
  await expect(page).toHaveURL(new RegExp(`health=${health.toLowerCase().replaceAll(' ', '_')}`))
  await expect(grid.getByRole('link', { name })).toBeVisible()
  await page.getByRole('columnheader', { name: 'Last seen' }).getByRole('button').click()
  await expect(page).toHaveURL(/sort=last_seen/)

  await page.getByRole('searchbox', { name: 'Search devices' }).fill('no-such-machine')
  await expect(page.getByRole('heading', { name: 'No device matches' })).toBeVisible()
  await inspect(page, '11-devices-none')
  await page.getByRole('link', { name: 'Clear the filters' }).click()
  await expect(page).toHaveURL(/\/devices$/)
})

test('columns are chosen and kept', async ({ page }) => {
  await page.goto('/devices')
  await expect(page.getByRole('columnheader', { name: 'Kernel' })).toBeVisible()
  await page.getByRole('button', { name: 'Columns' }).click()
  await page.getByRole('menuitemcheckbox', { name: 'Kernel' }).click()
  await page.keyboard.press('Escape')
  await expect(page.getByRole('columnheader', { name: 'Kernel' })).toHaveCount(0)
  await page.reload()
  await expect(page.getByRole('columnheader', { name: 'Health' })).toBeVisible()
  await expect(page.getByRole('columnheader', { name: 'Kernel' })).toHaveCount(0)
})

test('a row opens a panel, its name opens the page', async ({ page }) => {
  await page.goto('/devices')
  const row = page.getByRole('grid', { name: 'Devices' }).getByRole('row').nth(1)
  await row.getByRole('gridcell').nth(2).click()
  await expect(page).toHaveURL(/panel=/)
  await expect(page.getByRole('link', { name: 'Open the device page' })).toBeVisible()
  await inspect(page, '12-device-panel')
  await page.keyboard.press('Escape')
  await expect(page).not.toHaveURL(/panel=/)
  await expect(row).toBeFocused()
})
