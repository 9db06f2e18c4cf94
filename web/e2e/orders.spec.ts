import { randomUUID } from 'node:crypto'
import { expect, inspect, openFirstDevice, test } from './support/test'

for (const [button, send] of [['Ping', 'Send the ping'], ['Collect now', 'Collect now']] as const) {
  test(`${button}: a reason, progress, a receipt with its time`, async ({ page }) => {
    await openFirstDevice(page)
    const word = button.split(' ')[0]!.toLowerCase()
    await page.getByRole('button', { name: button }).click()
    const reason = `Checking the line ${randomUUID()}`
    const dialog = page.getByRole('dialog')
    await expect(dialog.getByRole('button', { name: send })).toBeDisabled()
    await dialog.getByLabel('Reason').fill(reason)
    await inspect(page, `30-${word}-reason`)
    await dialog.getByRole('button', { name: send }).click()
    await expect(dialog.getByText(/Receipt received after/)).toBeVisible({ timeout: 60_000 })
    await inspect(page, `31-${word}-receipt`)
    await dialog.getByRole('button', { name: 'Close' }).click()
    await page.getByRole('tab', { name: 'Orders' }).click()
    const row = page.getByRole('grid', { name: 'Orders' }).getByRole('row').filter({ hasText: reason })
    await expect(row).toContainText('Succeeded')
    await inspect(page, `32-orders-${word}`)
    // The open order is in the address.
    await row.click()
    await expect(page).toHaveURL(/open=/)
    await page.reload()
    await expect(page.getByText(/Receipt received after/)).toBeVisible()
    await inspect(page, `33-order-${word}`)
  })
}
