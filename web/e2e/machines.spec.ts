import type { Page } from '@playwright/test'
import { expect, inspect, test } from './support/test'
import { csrf, silentConnector, subscription } from './support/estate'

interface Listed {
  id: string
  name: string
  device_id: string | null
  subscription: string
}
const machines = async (page: Page, query: string): Promise<Listed[]> =>
  ((await (await page.request.get(`/api/v1/machines?${query}`)).json()) as { items: Listed[] }).items

/** The machine of this instance's own sensor. */
async function own(page: Page): Promise<Listed> {
  await expect.poll(async () => (await machines(page, 'limit=1000')).some((m) => m.device_id), { timeout: 60_000 }).toBe(true)
  return (await machines(page, 'limit=1000')).find((m) => m.device_id)!
}

/** Machines that a connector lists and cannot reach, once each is unhealthy for it. */
async function silent(page: Page, stamp: number, count: number): Promise<{ id: string; connector: string; names: string[] }> {
  const id = await subscription(page.request, `Silent ${stamp}`)
  const names = Array.from({ length: count }, (_, n) => `quiet-${stamp}-${n + 1}`)
  const connector = await silentConnector(page.request, id, `Silent ${stamp}`, names)
  await expect
    .poll(async () => (await machines(page, `connector=${connector}&finding=connector_unreachable`)).length, { timeout: 60_000 })
    .toBe(count)
  return { id, connector, names }
}

const end = (page: Page, connector: string) => page.request.delete(`/api/v1/connectors/${connector}`, { headers: csrf })

test('the list: filters and order live in the address, a row opens a panel, the panel the page', async ({ page }) => {
  const { name } = await own(page)
  await page.goto('/machines')
  const grid = page.getByRole('grid', { name: 'Machines' })
  await expect(grid.getByRole('link', { name }).first()).toBeVisible()
  await inspect(page, '100-machines')
  await page.getByRole('searchbox', { name: 'Search machines' }).pressSequentially(name, { delay: 5 })
  await expect(page).toHaveURL(/search=/)
  await page.getByRole('columnheader', { name: 'System' }).getByRole('button').click()
  await expect(page).toHaveURL(/sort=system/)
  await page.getByRole('columnheader', { name: 'System' }).getByRole('button').click()
  await expect(page).toHaveURL(/order=desc/)
  await page.reload()
  await expect(page.getByRole('searchbox', { name: 'Search machines' })).toHaveValue(name)
  await expect(page.getByRole('columnheader', { name: 'System' })).toHaveAttribute('aria-sort', 'descending')
  const row = grid.getByRole('row').nth(1)
  await row.getByRole('gridcell').nth(3).click()
  await expect(page).toHaveURL(/panel=/)
  await inspect(page, '101-machine-panel')
  await page.keyboard.press('Escape')
  await expect(page).not.toHaveURL(/panel=/)
  await page.getByRole('searchbox', { name: 'Search machines' }).fill('no-such-machine')
  await expect(page.getByRole('heading', { name: 'No machine matches' })).toBeVisible()
  await inspect(page, '102-machines-none')
  await page.getByRole('link', { name: 'Clear the filters' }).click()
  await expect(page).toHaveURL(/\/machines$/)
})

test('the page of this machine: health, what was done, facts, tags; excluded with a reason and taken in again', async ({ page }) => {
  const { id, name } = await own(page)
  await page.goto(`/machines/${id}`)
  await expect(page.getByRole('heading', { name, level: 1 })).toBeVisible()
  await expect(page.getByRole('link', { name: 'its device' })).toBeVisible()
  await inspect(page, '103-machine')
  for (const [tab, shot] of [['How it was', 'history'], ['What was done', 'work'], ['Facts', 'facts']] as const) {
    await page.getByRole('tab', { name: tab }).click()
    await expect(page).toHaveURL(new RegExp(`tab=${shot}`))
    await inspect(page, `104-machine-${shot}`)
  }
  const tags = page.getByRole('form', { name: 'Tags' })
  await tags.getByLabel('One a line').fill('=x')
  await expect(tags.getByRole('button', { name: 'Save the tags' })).toBeDisabled()
  await tags.getByLabel('One a line').fill('seen-by=console')
  await tags.getByRole('button', { name: 'Save the tags' }).click()
  await expect(page.locator('dl').getByText('seen-by=console')).toBeVisible()

  await page.getByRole('button', { name: 'More' }).click()
  await page.getByRole('menuitem', { name: 'Exclude…' }).click()
  const dialog = page.getByRole('dialog')
  await expect(dialog.getByRole('button', { name: 'Exclude' })).toBeDisabled()
  await dialog.getByLabel('Reason').fill('a test excludes it')
  await inspect(page, '105-exclude')
  await dialog.getByRole('button', { name: 'Exclude' }).click()
  await expect(page.getByText('Excluded from installation:')).toBeVisible()
  await page.getByRole('button', { name: 'More' }).click()
  await page.getByRole('menuitem', { name: 'End the exclusion' }).click()
  await dialog.getByRole('button', { name: 'End the exclusion' }).click()
  await expect(page.getByText('Excluded from installation:')).toHaveCount(0)
})

test('an unhealthy machine says why and what to do; Fix shows what is tried until it has failed', async ({ page }) => {
  const stamp = Date.now()
  const { connector, names } = await silent(page, stamp, 1)
  await page.goto(`/machines?search=${names[0]}`)
  await page.getByRole('grid', { name: 'Machines' }).getByRole('link', { name: names[0] }).click()
  const finding = page.getByRole('region', { name: 'The connector cannot reach the machine' })
  await expect(finding).toContainText('What to do:')
  await expect(finding).toContainText('127.0.0.1')
  await expect(finding).toContainText('connector_unreachable')
  await expect(finding).toContainText(/found by provisioning/)
  await inspect(page, '106-machine-unhealthy')
  await page.getByRole('button', { name: 'Fix', exact: true }).click()
  const progress = page.getByRole('status').filter({ hasText: 'It is looked at now.' })
  await expect(progress).toContainText('Preflight', { timeout: 60_000 })
  await expect(progress.getByLabel('failed').first()).toBeVisible({ timeout: 60_000 })
  await expect(progress).toContainText('It is now')
  await inspect(page, '107-fix')
  await page.getByRole('tab', { name: 'How it was' }).click()
  await expect(page.getByRole('table', { name: 'History' })).toContainText('stands')
  await page.getByRole('tab', { name: 'What was done' }).click()
  await expect(page.getByRole('table', { name: 'Tasks' })).toContainText('connector_unreachable')
  await inspect(page, '108-machine-tasks')
  await end(page, connector)
})

test('many machines at once: chosen by mouse and keyboard, moved and taken out with a reason', async ({ page }) => {
  const stamp = Date.now()
  const { id, connector, names } = await silent(page, stamp, 3)
  const other = `Other ${stamp}`
  await subscription(page.request, other)
  await page.goto(`/machines?subscription=${id}`)
  const grid = page.getByRole('grid', { name: 'Machines' })
  await expect(grid.getByRole('row')).toHaveCount(4)
  await grid.getByRole('checkbox', { name: `Choose ${names[0]}` }).check()
  await expect(page).not.toHaveURL(/panel=/)
  await grid.getByRole('row').nth(2).focus()
  await page.keyboard.press('Space')
  const bar = page.getByRole('group', { name: 'Chosen machines' })
  await expect(bar).toContainText('2 machines chosen')
  await inspect(page, '109-machines-chosen')
  await bar.getByRole('button', { name: 'Move…' }).click()
  const dialog = page.getByRole('dialog')
  await expect(dialog).toContainText(`${names[0]}, ${names[1]}`)
  await dialog.getByLabel('Subscription').selectOption({ label: other })
  await dialog.getByLabel('Reason').fill('they belong there')
  await inspect(page, '110-move')
  await dialog.getByRole('button', { name: 'Move', exact: true }).click()
  await expect(dialog).toContainText('Accepted for all 2 machines')
  await dialog.getByRole('button', { name: 'Close' }).click()
  await expect(grid.getByRole('row')).toHaveCount(2)
  expect((await machines(page, `search=${names[0]}`))[0]!.subscription).toBe(other)

  await grid.getByRole('checkbox', { name: 'Choose every machine that was read' }).check()
  await bar.getByRole('button', { name: 'Offboard…' }).click()
  await expect(dialog).toContainText('certificate is revoked')
  await dialog.getByLabel('Reason').fill('sold')
  await dialog.getByRole('button', { name: 'Offboard', exact: true }).click()
  await expect(dialog).toHaveCount(0)
  const gone = (await machines(page, `search=${names[2]}`))[0]!
  await page.goto(`/machines/${gone.id}`)
  await expect(page.getByText('out of service')).toBeVisible()
  await expect(page.getByRole('button', { name: 'Fix', exact: true })).toHaveCount(0)
  await page.getByRole('button', { name: 'More' }).click()
  await page.getByRole('menuitem', { name: 'Take back…' }).click()
  await dialog.getByLabel('Reason').fill('bought back')
  await dialog.getByRole('button', { name: 'Take back', exact: true }).click()
  await expect(page.getByText('out of service')).toHaveCount(0)
  // The reasons are in the audit log.
  const audit = (await (await page.request.get('/api/v1/audit?limit=200')).json()) as { items: { kind: string; details: { reason?: string } }[] }
  const reasons = audit.items.map((entry) => `${entry.kind} ${entry.details.reason ?? ''}`)
  for (const reason of ['machine.move they belong there', 'machine.offboard sold', 'machine.onboard bought back']) expect(reasons).toContain(reason)
  await end(page, connector)
})

test('the list as CSV has what the filters leave', async ({ page }) => {
  const { name } = await own(page)
  await page.goto(`/machines?search=${name}`)
  await expect(page.getByRole('grid', { name: 'Machines' }).getByRole('link', { name })).toBeVisible()
  const file = page.waitForEvent('download')
  await page.getByRole('button', { name: 'CSV' }).click()
  const text = await (await import('node:fs/promises')).readFile((await (await file).path())!, 'utf8')
  expect(text).toMatch(/^name,status,subscription,/)
  expect(text).toContain(name)
})

test('390 pixels are enough for reading: machines and a machine', async ({ page }) => {
  const { id } = await own(page)
  await page.setViewportSize({ width: 390, height: 844 })
  const fits = async () => expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390)
  await page.goto('/machines')
  await expect(page.getByRole('grid', { name: 'Machines' }).getByRole('row').nth(1)).toBeVisible()
  await fits()
  await inspect(page, '111-narrow-machines')
  await page.goto(`/machines/${id}`)
  await expect(page.getByRole('tab', { name: 'Health' })).toBeVisible()
  await fits()
  await inspect(page, '112-narrow-machine')
})

test('a machine that does not exist says so', async ({ page }) => {
  await page.goto('/machines/00000000-0000-4000-8000-000000000000')
  await expect(page.getByRole('heading', { name: 'There is no such machine' })).toBeVisible()
  await inspect(page, '113-no-machine')
})
