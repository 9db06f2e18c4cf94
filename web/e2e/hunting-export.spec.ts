import { randomUUID } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'
import type { Download, Page } from '@playwright/test'
import { runQuery } from './support/hunting'
import { expect, inspect, test } from './support/test'

const ROWS = 120_000
const MANY = `range i from 1 to ${ROWS} step 1\n| extend text = strcat("row ", tostring(i))`

async function exportAs(page: Page, item: string): Promise<Download> {
  await page.getByRole('button', { name: 'Export' }).click()
  const [file] = await Promise.all([page.waitForEvent('download', { timeout: 60_000 }), page.getByRole('menuitem', { name: item, exact: true }).click()])
  return file
}

async function linesOf(file: Download): Promise<{ count: number; last: string }> {
  let count = 0
  let last = ''
  for await (const line of createInterface({ input: createReadStream(await file.path()) })) {
    count += 1
    last = line
  }
  return { count, last }
}

test('the whole result comes as a file, with more rows than are shown', async ({ page }) => {
  await runQuery(page, MANY)
  await expect(page.getByText('Only the first')).toBeVisible()
  const csv = await exportAs(page, 'Whole result as CSV')
  expect(csv.suggestedFilename()).toMatch(/\.csv$/)
  expect((await linesOf(csv)).count).toBe(ROWS + 1)
  const lines = await exportAs(page, 'Whole result as JSON lines')
  const read = await linesOf(lines)
  expect(read.count).toBe(ROWS)
  expect(JSON.parse(read.last)).toMatchObject({ text: expect.stringMatching(/^row \d+$/) })
})

test('an export by a schedule is made, run now, downloaded and deleted', async ({ page }) => {
  const name = `Nightly ${randomUUID().slice(0, 8)}`
  await runQuery(page, 'range i from 1 to 25 step 1')
  await page.getByRole('button', { name: 'Export' }).click()
  await page.getByRole('menuitem', { name: 'Export on a schedule' }).click()
  await expect(page).toHaveURL(/\/hunting\/exports\?open=new/)
  await expect(page.getByRole('textbox', { name: 'Query' })).toHaveValue('range i from 1 to 25 step 1')
  await page.getByRole('textbox', { name: 'Name' }).fill(name)
  await page.getByRole('combobox', { name: 'Rhythm' }).selectOption('week')
  await page.getByRole('combobox', { name: 'On' }).selectOption('7')
  await page.getByLabel('At (UTC)').fill('23:30')
  await expect(page.getByRole('status', { name: 'When it runs' })).toContainText('Every Sunday at 23:30 UTC')
  await inspect(page, '46-hunting-export-form')
  await page.getByRole('button', { name: 'Save', exact: true }).click()
  const list = page.getByRole('table', { name: 'Scheduled exports' })
  await expect(list).toContainText(name)
  await expect(page.getByText('It has not run yet.')).toBeVisible()
  await page.getByRole('button', { name: 'Close the panel' }).click()

  await list.getByRole('button', { name: `Run ${name} now` }).click()
  const runs = page.getByRole('table', { name: 'Runs' })
  await expect(runs).toContainText('Done', { timeout: 60_000 })
  await inspect(page, '46-hunting-export-runs')
  const [file] = await Promise.all([page.waitForEvent('download'), runs.getByRole('link', { name: /Download the run/ }).first().click()])
  expect((await linesOf(file)).count).toBe(26)
  await page.getByRole('button', { name: 'Close the panel' }).click()

  await list.getByRole('button', { name: `Delete ${name}` }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click()
  await expect(page.getByText(name)).toHaveCount(0)
})
