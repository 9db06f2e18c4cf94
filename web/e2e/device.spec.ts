import { expect, expectAccessible, openFirstDevice, shot, test } from './support/test'

test('timeline: filters, panel, and on to hunting', async ({ page }) => {
  await openFirstDevice(page)
  const grid = page.getByRole('grid', { name: 'Timeline' })
  await expect(grid.getByRole('row').nth(3)).toBeVisible()
  await shot(page, '20-timeline')
  await expectAccessible(page)
  await page.getByRole('button', { name: 'Processes' }).click()
  await expect(page).toHaveURL(/tables=DeviceProcessEvents/)
  await page.getByRole('combobox', { name: 'Time range' }).selectOption('7d')
  await expect(page).toHaveURL(/range=7d/)
  await grid.getByRole('row').nth(1).click()
  await expect(page).toHaveURL(/event=/)
  await expect(page.getByRole('link', { name: /^Process tree of/ }).first()).toBeVisible()
  await shot(page, '21-timeline-panel')
  await expectAccessible(page)
  await page.reload()
  await expect(page.getByRole('link', { name: 'Open in hunting' })).toBeVisible()
})

test('process tree: drawn, by keyboard, and as a list', async ({ page }) => {
  await openFirstDevice(page)
  await page.getByRole('button', { name: 'Processes' }).click()
  await expect(page).toHaveURL(/tables=DeviceProcessEvents/)
  await page.getByRole('grid', { name: 'Timeline' }).getByRole('row').nth(1).click()
  await page.getByRole('link', { name: /^Process tree of/ }).first().click()
  await expect(page.getByRole('heading', { name: /^Process tree of/ })).toBeVisible()
  const cards = page.locator('.react-flow__node')
  await expect(cards.first()).toBeVisible()
  expect(await cards.count()).toBeGreaterThan(1)
  await shot(page, '22-process-tree')
  await expectAccessible(page)

  await cards.first().focus()
  await page.keyboard.press('Enter')
  await expect(page).toHaveURL(/node=/)
  await expect(page.getByText('Command line').first()).toBeVisible()
  await shot(page, '23-process-node')

  await page.getByRole('button', { name: 'Close the panel' }).click()
  await page.getByRole('button', { name: 'As a list' }).click()
  await expect(page.getByRole('tree', { name: 'Process tree' }).getByRole('treeitem').nth(1)).toBeVisible()
  await shot(page, '24-process-list')
  await expectAccessible(page)
})

for (const [tab, text] of [['Facts', 'Device id'], ['Sensor', 'Counters']] as const) {
  test(`tab ${tab}`, async ({ page }) => {
    await openFirstDevice(page)
    await page.getByRole('tab', { name: tab }).click()
    await expect(page.getByText(text).first()).toBeVisible()
    await shot(page, `25-device-${tab.toLowerCase()}`)
    await expectAccessible(page)
  })
}

test('a device that does not exist says so', async ({ page }) => {
  await page.goto(`/devices/${'0'.repeat(40)}/timeline`)
  await expect(page.getByRole('heading', { name: 'There is no such device' })).toBeVisible()
  await shot(page, '26-no-device')
})
