import { execFileSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { huntingAddress, openEditor } from './support/hunting'
import { expect, inspect, shot, test } from './support/test'

const address = (query: string, run = false) => huntingAddress(query, run ? { run: 'true' } : {})

test('completion knows our tables and columns', async ({ page }) => {
  await openEditor(page, 'DeviceProcessEvents\n| where ')
  const list = page.locator('.suggest-widget')
  await expect(async () => {
    await page.keyboard.press('Escape')
    await page.keyboard.press('Control+Space')
    await expect(list).toContainText('ActionType', { timeout: 3_000 })
  }).toPass({ timeout: 60_000 })
  await shot(page, '40-hunting-completion')
  await page.keyboard.type('ProcessComm')
  await expect(list).toContainText('ProcessCommandLine')
})

test('a wrong column is marked, and the suggestion is one click', async ({ page }) => {
  await openEditor(page, 'DeviceProcessEvents\n| where FileNmae == "true"\n| take 5')
  await expect(page.locator('.monaco-editor .squiggly-error').first()).toBeVisible({ timeout: 60_000 })
  const problems = page.getByRole('list', { name: 'Problems in the query' })
  await expect(problems).toContainText('FileNmae')
  await inspect(page, '41-hunting-diagnostic')
  await problems.getByRole('button', { name: 'Use FileName' }).click()
  await expect(problems.getByRole('listitem')).toHaveCount(0)
  await expect(page.locator('.monaco-editor .view-lines')).toContainText('FileName')
})

test('Ctrl+Enter runs, the grid sorts, a row opens, everything is in the address', async ({ page }) => {
  await openEditor(page, 'DeviceProcessEvents\n| take 200')
  await page.keyboard.press('Control+Enter')
  const grid = page.getByRole('grid', { name: 'Result' })
  await expect(grid.getByRole('row').nth(1)).toBeVisible({ timeout: 30_000 })
  await expect(page.getByRole('status', { name: 'Statistics' })).toContainText(/rows? in/)
  await expect(page).toHaveURL(/run=true/)
  await inspect(page, '42-hunting-result')
  await grid.getByRole('columnheader', { name: 'Timestamp' }).getByRole('button').click()
  await expect(page).toHaveURL(/sort=Timestamp/)
  await grid.getByRole('row').nth(1).getByRole('gridcell').first().click()
  await expect(page).toHaveURL(/row=\d+/)
  await expect(page.getByRole('button', { name: 'Copy the row as JSON' })).toBeVisible()
  await shot(page, '43-hunting-row')
  await page.reload()
  await expect(grid.getByRole('row').nth(1)).toBeVisible({ timeout: 30_000 })
})

test('a link runs its own query, also when the last one is a part of it', async ({ page }) => {
  await page.goto(address('DeviceInfo', true))
  const grid = page.getByRole('grid', { name: 'Result' })
  await expect(grid.getByRole('columnheader', { name: 'DeviceName' })).toBeVisible({ timeout: 30_000 })
  // Within the console, as a link of it would.
  await page.evaluate((next) => {
    history.pushState({}, '', next)
    dispatchEvent(new PopStateEvent('popstate'))
  }, address('DeviceInfo\n| summarize Rows = count()', true))
  await expect(grid.getByRole('columnheader')).toHaveText(['Rows'], { timeout: 30_000 })
  // Another room and back by the navigation: the text and the rows are still there.
  const rooms = page.getByRole('navigation', { name: 'Rooms' })
  await rooms.getByRole('link', { name: 'Devices' }).click()
  await expect(page.getByRole('grid', { name: 'Devices' })).toBeVisible()
  await rooms.getByRole('link', { name: 'Hunting' }).click()
  await expect(page.locator('.monaco-editor .view-lines')).toContainText('summarize', { timeout: 60_000 })
  await expect(grid.getByRole('columnheader')).toHaveText(['Rows'])
})

test('thirty thousand rows: a few are drawn, the last is one key away', async ({ page }) => {
  await page.goto(address('range i from 1 to 30000 step 1\n| extend text = strcat("row ", tostring(i))\n| sort by i asc', true))
  const grid = page.getByRole('grid', { name: 'Result' })
  await expect(grid).toHaveAttribute('aria-rowcount', '30001', { timeout: 60_000 })
  expect(await grid.getByRole('row').count()).toBeLessThan(120)
  await grid.getByRole('row').nth(1).focus()
  await page.keyboard.press('End')
  await expect(grid.getByText('row 30000')).toBeVisible()
  await grid.getByRole('columnheader', { name: 'i', exact: true }).getByRole('button').click()
  await grid.getByRole('columnheader', { name: 'i', exact: true }).getByRole('button').click()
  await expect(page).toHaveURL(/sort=i%3Adesc/)
  await expect(grid.getByRole('row').nth(1)).toContainText('row 30000')
})

test('export gives the rows shown as CSV', async ({ page }) => {
  await page.goto(address('DeviceInfo\n| take 3', true))
  await expect(page.getByRole('status', { name: 'Statistics' })).toBeVisible({ timeout: 30_000 })
  await page.getByRole('button', { name: 'Export' }).click()
  const [file] = await Promise.all([page.waitForEvent('download'), page.getByRole('menuitem', { name: 'Rows shown as CSV' }).click()])
  expect(file.suggestedFilename()).toMatch(/^hunting-.*\.csv$/)
})

test('a query that fails says why with its code', async ({ page }) => {
  await page.goto(address('DeviceProcessEvents\n| where FileNmae == "x"', true))
  // Monaco has alerts of its own.
  const alert = page.getByRole('alert').filter({ hasText: 'The query did not finish' })
  await expect(alert).toContainText('Code', { timeout: 30_000 })
  await inspect(page, '44-hunting-error')
})

test('Cancel ends the query here and on the server', async ({ page }) => {
  let release = () => {}
  const held = new Promise<void>((resolve) => { release = resolve })
  // The real query is only held back, so that there is time to cancel it.
  await page.route('**/api/v1/hunting/query', async (route) => {
    await held
    await route.continue().catch(() => undefined)
  })
  await openEditor(page, 'DeviceProcessEvents\n| count')
  await page.keyboard.press('Shift+Enter')
  await expect(page.getByRole('status', { name: 'The query runs' })).toContainText('Running for')
  await shot(page, '45-hunting-running')
  const told = page.waitForRequest((request) => request.method() === 'DELETE' && request.url().includes('/hunting/query/'))
  await page.getByRole('button', { name: 'Cancel' }).click()
  await told
  await expect(page.getByRole('heading', { name: 'The query was cancelled' })).toBeVisible()
  release()
})

test('samples and recent queries fill the editor', async ({ page }) => {
  await openEditor(page, 'DeviceInfo\n| take 1')
  await page.keyboard.press('Control+Enter')
  await expect(page.getByRole('status', { name: 'Statistics' })).toBeVisible({ timeout: 30_000 })
  await page.getByRole('tab', { name: 'Samples' }).click()
  await expect(page).toHaveURL(/shelf=samples/)
  await page.getByRole('button', { name: /Outbound connections/ }).click()
  await expect(page.locator('.monaco-editor .view-lines')).toContainText('DeviceNetworkEvents')
  await page.getByRole('tab', { name: 'Recent' }).click()
  await inspect(page, '46-hunting-recent')
  await page.getByRole('button', { name: /DeviceInfo/ }).first().click()
  await expect(page.locator('.monaco-editor .view-lines')).toContainText('DeviceInfo')
})

test('what was written survives a reload', async ({ page }) => {
  await openEditor(page, 'DeviceInfo\n| take 1')
  await page.keyboard.type(' // still writing')
  await expect(page.locator('.monaco-editor .view-lines')).toContainText('still writing')
  await page.reload()
  await expect(page.locator('.monaco-editor .view-lines')).toContainText('still writing', { timeout: 60_000 })
})

test('a command run on this machine is found', async ({ page }) => {
  test.skip(Boolean(process.env.PALISADE_NO_SENSOR), 'no sensor on this machine')
  const mark = `palisade-e2e-${randomUUID()}`
  execFileSync('/bin/echo', [mark])
  await page.goto(address(`DeviceProcessEvents\n| where ProcessCommandLine contains "${mark}"\n| project Timestamp, AccountName, FileName, ProcessCommandLine, InitiatingProcessFileName`, true))
  await expect(async () => {
    await page.getByRole('button', { name: 'Run' }).click()
    await expect(page.getByRole('grid', { name: 'Result' })).toContainText(mark, { timeout: 3_000 })
  }).toPass({ timeout: 30_000 })
  await shot(page, '47-hunting-found')
})
