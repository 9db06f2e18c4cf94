import { huntingAddress, runQuery } from './support/hunting'
import { expect, inspect, test } from './support/test'

const HOURS = 'range i from 0 to 47 step 1\n| extend At = datetime(2026-11-01) + i * 1h, Kind = iff(i % 2 == 0, "even", "odd")\n| summarize Count = sum(i) by At, Kind'
const NAMES = 'range i from 1 to 20 step 1\n| project Name = strcat("n", tostring(i)), Count = i'
const TWO = 'range i from 1 to 12 step 1\n| project Name = strcat("n", tostring(i % 4)), Kind = iff(i % 3 == 0, "third", "other"), Count = i\n| summarize Count = sum(Count) by Name, Kind'
const TECHNIQUES = 'datatable(Techniques:string, Alerts:long)["T1059.004", 5, "T1059", 2, "T1078", 3]'

test('render timechart draws, reads itself out by arrow keys and has its numbers beside it', async ({ page }) => {
  await runQuery(page, `${HOURS}\n| render timechart with (title="Evens and odds")`)
  await expect(page.getByRole('tab', { name: 'Chart' })).toHaveAttribute('aria-selected', 'true')
  await expect(page.locator('[data-drawn=timechart] canvas')).toBeVisible({ timeout: 30_000 })
  const chart = page.getByRole('group', { name: 'Evens and odds' })
  await chart.focus()
  await page.keyboard.press('ArrowRight')
  await expect(page.getByRole('status', { name: 'Point' })).toContainText(/even|odd/)
  await page.getByText('Numbers of the chart').first().click()
  await expect(page.getByRole('region', { name: 'Numbers of the chart' }).getByRole('row')).toHaveCount(49)
  await inspect(page, '50-hunting-timechart')
  // The chart stays when the page is loaded again, and the rows are one tab away.
  await page.getByRole('tab', { name: 'Table', exact: true }).click()
  await expect(page).toHaveURL(/view=table/)
  await expect(page.getByRole('grid', { name: 'Result' })).toHaveAttribute('aria-rowcount', '49')
})

test('render columnchart stacks, and a person may put the columns beside each other', async ({ page }) => {
  await runQuery(page, `${TWO}\n| render columnchart with (kind=stacked)`)
  await expect(page.locator('[data-drawn=columnchart] canvas')).toBeVisible({ timeout: 30_000 })
  const stack = page.getByRole('combobox', { name: 'Series' })
  await expect(stack).toHaveValue('stacked')
  await inspect(page, '51-hunting-columnchart')
  await stack.selectOption('stacked100')
  await expect(page).toHaveURL(/stack=stacked100/)
  await page.getByRole('button', { name: 'As the query says' }).click()
  await expect(stack).toHaveValue('stacked')
})

test('render piechart shows twelve slices and the others', async ({ page }) => {
  await runQuery(page, `${NAMES}\n| render piechart`)
  await expect(page.locator('[data-drawn=piechart] canvas')).toBeVisible({ timeout: 30_000 })
  await page.getByRole('group', { name: 'Pie chart' }).focus()
  await page.keyboard.press('End')
  await expect(page.getByRole('status', { name: 'Point' })).toHaveText('Others (8): 36')
  await inspect(page, '52-hunting-piechart')
})

test('a chart that the query does not ask for is chosen, and kept in the address', async ({ page }) => {
  await runQuery(page, NAMES)
  await expect(page.getByRole('grid', { name: 'Result' })).toBeVisible()
  await page.getByRole('tab', { name: 'Chart' }).click()
  await expect(page.getByRole('heading', { name: 'Choose a chart' })).toBeVisible()
  await page.getByRole('combobox', { name: 'Chart', exact: true }).selectOption('barchart')
  await expect(page.locator('[data-drawn=barchart] canvas')).toBeVisible({ timeout: 30_000 })
  await expect(page).toHaveURL(/chart=barchart/)
  await page.reload()
  await expect(page.locator('[data-drawn=barchart] canvas')).toBeVisible({ timeout: 30_000 })
  // A point opens the row that made it.
  await page.getByRole('group', { name: 'Bar chart' }).focus()
  await page.keyboard.press('ArrowRight')
  await page.keyboard.press('Enter')
  await expect(page).toHaveURL(/row=0/)
  await expect(page.getByRole('button', { name: 'Copy the row as JSON' })).toBeVisible()
})

test('techniques are a matrix, and a technique opens its rows', async ({ page }) => {
  await runQuery(page, TECHNIQUES, { view: 'chart' })
  const matrix = page.getByRole('group', { name: 'ATT&CK matrix' })
  const execution = matrix.getByRole('region', { name: 'Execution' })
  await expect(execution.getByRole('button', { name: /Command and Scripting Interpreter/ })).toContainText('7')
  await expect(execution.getByRole('button', { name: /Unix Shell/ })).toContainText('5')
  await inspect(page, '53-hunting-attack')
  await page.getByRole('switch', { name: 'As a list' }).click()
  await expect(page.getByRole('region', { name: 'ATT&CK techniques' }).getByRole('row').nth(1)).toBeVisible()
  await inspect(page, '54-hunting-attack-list')
  await page.getByRole('button', { name: 'T1059 Command and Scripting Interpreter' }).click()
  await expect(page).toHaveURL(/technique=T1059/)
  await expect(page.getByRole('grid', { name: 'Result' })).toHaveAttribute('aria-rowcount', '3')
  await page.getByRole('button', { name: 'Show all rows' }).click()
  await expect(page.getByRole('grid', { name: 'Result' })).toHaveAttribute('aria-rowcount', '4')
})

test('390 pixels are enough for a chart', async ({ page }) => {
  await page.setViewportSize({ width: 390, height: 844 })
  await page.goto(huntingAddress(`${HOURS}\n| render timechart`, { run: 'true' }))
  await expect(page.locator('[data-drawn=timechart] canvas')).toBeVisible({ timeout: 30_000 })
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390)
  await inspect(page, '55-hunting-chart-narrow')
})
