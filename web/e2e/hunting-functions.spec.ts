import { randomUUID } from 'node:crypto'
import { ask, editorReady, editorText, openEditor, runQuery } from './support/hunting'
import { expect, inspect, shot, test } from './support/test'

const newName = () => `E2e_${randomUUID().replaceAll('-', '').slice(0, 12)}`

test('a function is made, completed, used, changed and deleted', async ({ page }) => {
  test.slow()
  const name = newName()
  await page.goto('/hunting?shelf=functions')
  await page.getByRole('button', { name: 'New function' }).click()
  await expect(page).toHaveURL(/panel=new-function/)
  await page.getByRole('textbox', { name: 'Name' }).fill(name)
  await page.getByRole('combobox', { name: 'Folder' }).fill('Browser tests')
  await page.getByRole('textbox', { name: 'Description' }).fill('Counts up to a number')
  await page.getByRole('textbox', { name: 'Parameters' }).fill('(n:long = 3)')
  await page.getByRole('textbox', { name: 'Body' }).fill('NoTableHasThisName')
  await page.getByRole('button', { name: 'Save', exact: true }).click()
  // What does not compile is not saved, and says where.
  await expect(page.getByRole('alert').filter({ hasText: 'The function was not saved' })).toBeVisible()
  await expect(page.getByRole('list', { name: 'Problems in the body' })).toContainText('Line 1')
  await inspect(page, '56-hunting-function-refused')
  await page.getByRole('textbox', { name: 'Body' }).fill('range i from 1 to n step 1')
  await page.getByRole('button', { name: 'Save', exact: true }).click()
  const shelf = page.getByRole('complementary', { name: 'Tables, functions and queries' })
  await shelf.getByRole('searchbox', { name: 'Search functions' }).fill(name)
  await expect(shelf.getByRole('button', { name: new RegExp(`^${name}`) })).toBeVisible()
  await inspect(page, '57-hunting-functions')

  await openEditor(page, name.slice(0, -2))
  const list = page.locator('.suggest-widget')
  await expect(async () => {
    await page.keyboard.press('Escape')
    await page.keyboard.press('Control+Space')
    await expect(list).toContainText(name, { timeout: 3_000 })
  }).toPass({ timeout: 60_000 })

  const grid = page.getByRole('grid', { name: 'Result' })
  await runQuery(page, `${name}(4)`)
  await expect(grid).toHaveAttribute('aria-rowcount', '5')
  await runQuery(page, `${name}()`)
  await expect(grid).toHaveAttribute('aria-rowcount', '4')

  await page.goto(`/hunting?shelf=functions&panel=function:${name}`)
  await page.getByRole('textbox', { name: 'Body' }).fill('range i from 1 to n + 1 step 1')
  await page.getByRole('button', { name: 'Save', exact: true }).click()
  await expect(page).not.toHaveURL(/panel=/)
  await runQuery(page, `${name}(4)\n| sort by i asc`)
  await expect(grid).toHaveAttribute('aria-rowcount', '6')

  await page.goto('/hunting?shelf=functions')
  await page.getByRole('searchbox', { name: 'Search functions' }).fill(name)
  await page.getByRole('button', { name: `What to do with ${name}` }).click()
  await page.getByRole('menuitem', { name: 'Delete' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click()
  await expect(page.getByRole('button', { name: `What to do with ${name}` })).toHaveCount(0)
  // Behind the dialog the list is hidden before the answer is there.
  await expect.poll(async () => (await ask(page, 'GET', `/api/v1/hunting/functions/${name}`)).status).toBe(404)
})

test('two who change a function are told of each other', async ({ page }) => {
  const name = newName()
  const at = `/api/v1/hunting/functions/${name}`
  const about = { folder: '', description: '', parameters: '()' }
  await page.goto('/hunting')
  const made = await ask(page, 'PUT', at, { ...about, body: 'print a = 1' })
  expect(made.status).toBeLessThan(300)
  const { revision } = made.body as { revision: number }
  await page.goto(`/hunting?panel=function:${name}`)
  const body = page.getByRole('textbox', { name: 'Body' })
  await expect(body).toHaveValue('print a = 1')
  expect((await ask(page, 'PUT', at, { ...about, body: 'print a = 2', revision })).status).toBeLessThan(300)
  await body.fill('print a = 3')
  await page.getByRole('button', { name: 'Save', exact: true }).click()
  const told = page.getByRole('alert').filter({ hasText: 'Somebody else changed it' })
  await expect(told).toBeVisible()
  await inspect(page, '58-hunting-conflict')
  await told.getByRole('button', { name: 'Show theirs' }).click()
  await expect(body).toHaveValue('print a = 2')
  await body.fill('print a = 4')
  await page.getByRole('button', { name: 'Save', exact: true }).click()
  await expect(page).not.toHaveURL(/panel=/)
  expect((await ask(page, 'GET', at)).body).toMatchObject({ body: 'print a = 4' })
  expect((await ask(page, 'DELETE', at)).status).toBeLessThan(300)
})

test('F1 tells what a table holds, and Format sets the text in order', async ({ page }) => {
  await openEditor(page, 'DeviceProcessEvents | where FileName == "true" | take 5')
  await page.keyboard.press('F1')
  await expect(page).toHaveURL(/panel=table%3ADeviceProcessEvents/)
  const panel = page.getByRole('dialog').filter({ hasText: 'DeviceProcessEvents' })
  await expect(panel.getByText('ProcessCommandLine', { exact: true })).toBeVisible()
  await inspect(page, '59-hunting-table')
  await page.getByRole('button', { name: 'Close the panel' }).click()
  await editorReady(page)
  await page.getByRole('button', { name: 'Format' }).click()
  await expect(page.locator('.monaco-editor .view-line').filter({ hasText: /^\|.where/ })).toBeVisible()
  await expect(editorText(page)).toContainText('take')
  await shot(page, '59-hunting-formatted')
  await openEditor(page, 'DeviceInfo | take 5')
  await page.keyboard.press('Shift+Alt+F')
  await expect(page.locator('.monaco-editor .view-line').filter({ hasText: /^\|.take/ })).toBeVisible()
})
