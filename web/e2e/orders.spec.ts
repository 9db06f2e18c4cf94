import { expect, expectAccessible, openFirstDevice, shot, test } from './support/test'

for (const [button, send] of [['Ping', 'Send the ping'], ['Collect now', 'Collect now']] as const) {
  test(`${button}: a reason, progress, a receipt with its time`, async ({ page }) => {
    await openFirstDevice(page)
    await page.getByRole('button', { name: button }).click()
    const dialog = page.getByRole('dialog')
    await expect(dialog.getByRole('button', { name: send })).toBeDisabled()
    await dialog.getByLabel('Reason').fill('Checking the line')
    await shot(page, `30-${button.split(' ')[0]!.toLowerCase()}-reason`)
    await expectAccessible(page)
    await dialog.getByRole('button', { name: send }).click()
    await expect(dialog.getByText(/Receipt received after/)).toBeVisible({ timeout: 60_000 })
    await shot(page, `31-${button.split(' ')[0]!.toLowerCase()}-receipt`)
    await expectAccessible(page)
    await dialog.getByRole('button', { name: 'Close' }).click()
    await page.getByRole('tab', { name: 'Orders' }).click()
    await expect(page.getByRole('grid', { name: 'Orders' }).getByText('Succeeded').first()).toBeVisible()
    await shot(page, '32-orders')
    await expectAccessible(page)
  })
}
