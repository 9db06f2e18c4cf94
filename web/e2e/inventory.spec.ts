import { recommendations } from './support/recommendation'
import { expect, inspect, test } from './support/test'

const LISTS = [
  { path: '/shares', title: 'Network shares', what: 'shares' },
  { path: '/browser-extensions', title: 'Browser extensions', what: 'extensions' },
  { path: '/hardware', title: 'Hardware and firmware', what: 'machines' },
] as const

for (const { path, title, what } of LISTS) {
  test(`${title}: found, filtered, reloaded and exported`, async ({ page }) => {
    await page.goto(path)
    await expect(page.getByRole('heading', { level: 1, name: title })).toBeVisible()
    await expect(page.getByRole('navigation', { name: 'Rooms' }).getByRole('link', { name: title })).toHaveAttribute('aria-current', 'page')
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
    await inspect(page, `140-${what}`)
  })
}

test('the own machine tells of its hardware; chosen columns stay, and its panel closes by keyboard', async ({ page }) => {
  const total = async () => ((await (await page.request.get('/api/v1/hardware')).json()) as { total: number }).total
  await expect.poll(total, { timeout: 80_000, message: 'the inventory of the own machine has come' }).toBeGreaterThan(0)
  await page.goto('/hardware')
  const grid = page.getByRole('grid', { name: 'Machines' })
  await expect(grid.getByRole('columnheader', { name: 'TPM' })).toBeVisible()
  await page.getByRole('button', { name: 'Columns' }).click()
  await page.getByRole('menuitemcheckbox', { name: 'TPM' }).click()
  await page.keyboard.press('Escape')
  await expect(grid.getByRole('columnheader', { name: 'TPM' })).toHaveCount(0)
  await page.reload()
  await expect(grid.getByRole('columnheader', { name: 'Model' })).toBeVisible()
  await expect(grid.getByRole('columnheader', { name: 'TPM' })).toHaveCount(0)
  const row = grid.getByRole('row').nth(1)
  await row.focus()
  await page.keyboard.press('Enter')
  await expect(page).toHaveURL(/panel=/)
  await expect(page.getByText('Secure boot').last()).toBeVisible()
  await inspect(page, '141-hardware-panel')
  await row.focus()
  await page.keyboard.press('Escape')
  await expect(page).not.toHaveURL(/panel=/)
})

test('an exception is made, listed, exported and cancelled', async ({ page }) => {
  // The baseline of the own machine is waited for.
  test.slow()
  const all = await recommendations(page.request)
  const one = all.at(-1)!
  const note = `Behind a gateway ${Date.now()}`
  await page.goto(`/recommendations?panel=${encodeURIComponent(one.id)}`)
  await page.getByRole('button', { name: 'Make an exception' }).click()
  const dialog = page.getByRole('dialog').filter({ hasText: 'Nothing changes on any machine' })
  await dialog.getByLabel(/^Why\b/).fill(note)
  await dialog.getByRole('button', { name: 'Make the exception' }).click()
  await expect(dialog).toHaveCount(0)

  await page.goto('/exceptions')
  const row = page.getByRole('grid', { name: 'Exceptions' }).getByRole('row').filter({ hasText: note })
  await expect(row).toContainText('Holds')
  const loaded = page.waitForEvent('download')
  await page.getByRole('button', { name: 'CSV' }).click()
  expect((await loaded).suggestedFilename()).toBe('exceptions.csv')
  await row.click({ position: { x: 500, y: 12 } })
  await expect(page).toHaveURL(/panel=/)
  await inspect(page, '142-exception')
  await page.getByRole('button', { name: 'Cancel the exception' }).click()
  await page.getByRole('dialog').filter({ hasText: 'The finding counts as any other again' }).getByRole('button', { name: 'Cancel the exception' }).click()
  await expect(row).toHaveCount(0)
  await page.getByLabel('Which exceptions').selectOption('ended')
  await expect(page).toHaveURL(/state=ended/)
  await page.reload()
  await expect(row).toContainText('Cancelled')
  await inspect(page, '143-exceptions')
})
