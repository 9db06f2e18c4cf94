import { randomUUID } from 'node:crypto'
import { editorReady, editorText, huntingAddress, openEditor, runQuery } from './support/hunting'
import { expect, inspect, test } from './support/test'

test('a link brings the text to whoever opens it, and runs nothing by itself', async ({ page }) => {
  const mark = `e2e-${randomUUID().slice(0, 8)}`
  await page.goto(huntingAddress(`print Mark = "${mark}"`, { deadline: '180' }))
  await editorReady(page)
  await page.getByRole('button', { name: 'Share' }).click()
  const shared = page.getByRole('dialog', { name: 'Share this query' })
  await expect(shared.getByRole('status')).toContainText('The link is copied')
  await inspect(page, '48-hunting-share')
  const link = await page.evaluate(() => navigator.clipboard.readText())
  expect(new URL(link).origin).toBe(new URL(page.url()).origin)
  expect(link).toMatch(/\/hunting\?link=[^&]+$/)
  await page.evaluate(() => sessionStorage.clear())
  await page.goto(link)
  await expect(editorText(page)).toContainText(mark, { timeout: 60_000 })
  await expect(page).not.toHaveURL(/link=|run=/)
  await expect(page).toHaveURL(/deadline=180/)
  await expect(page.getByRole('heading', { name: 'Run a query to see rows' })).toBeVisible()
})

test('a link that is none says so', async ({ page }) => {
  await page.goto('/hunting?link=no-such-link')
  await expect(page.getByRole('alert').filter({ hasText: 'The link could not be opened' })).toBeVisible()
})

test('a query is saved, opened, changed and deleted', async ({ page }) => {
  const name = `Saved ${randomUUID().slice(0, 8)}`
  await openEditor(page, `print Name = "${name}"`)
  await page.getByRole('button', { name: 'Save as' }).click()
  const dialog = page.getByRole('dialog', { name: 'Save the query' })
  await dialog.getByRole('textbox', { name: 'Name' }).fill(name)
  await dialog.getByRole('combobox', { name: 'Folder' }).fill('Browser tests')
  await inspect(page, '49-hunting-save')
  await dialog.getByRole('button', { name: 'Save', exact: true }).click()
  await expect(page).toHaveURL(/saved=/)

  await page.goto('/hunting?shelf=saved')
  const shelf = page.getByRole('complementary', { name: 'Tables, functions and queries' })
  await shelf.getByRole('searchbox', { name: 'Search saved queries' }).fill(name)
  await shelf.getByRole('button', { name, exact: true }).click()
  await expect(editorText(page)).toContainText(name, { timeout: 60_000 })
  await inspect(page, '49-hunting-saved')
  await page.locator('.monaco-editor textarea').first().focus()
  await page.keyboard.press('Control+End')
  await page.keyboard.type(' // changed')
  await page.getByRole('button', { name: 'Save', exact: true }).click()
  await expect(page.getByRole('button', { name: 'Save', exact: true })).toBeDisabled()
  await page.evaluate(() => sessionStorage.clear())
  await page.goto('/hunting?shelf=saved')
  await shelf.getByRole('searchbox', { name: 'Search saved queries' }).fill(name)
  await shelf.getByRole('button', { name, exact: true }).click()
  await expect(editorText(page)).toContainText('// changed', { timeout: 60_000 })

  await shelf.getByRole('button', { name: `What to do with ${name}` }).click()
  await page.getByRole('menuitem', { name: 'Delete' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click()
  await expect(shelf.getByRole('button', { name, exact: true })).toHaveCount(0)
  await expect(page).not.toHaveURL(/saved=/)
})

test('what was run is listed by the server, also what failed', async ({ page }) => {
  const mark = `ran_${randomUUID().slice(0, 8).replaceAll('-', '')}`
  await runQuery(page, `print ${mark} = 1`)
  await page.evaluate(() => localStorage.clear())
  await page.goto('/hunting?shelf=recent')
  const recent = page.getByRole('list', { name: 'Recent queries' })
  await expect(recent.getByRole('button', { name: new RegExp(mark) })).toContainText('1 row')
  await page.goto(huntingAddress(`print ${mark} = NoColumn`, { run: 'true', shelf: 'recent' }))
  await expect(page.getByRole('alert').filter({ hasText: 'The query did not finish' })).toBeVisible({ timeout: 30_000 })
  await recent.getByRole('button', { name: new RegExp(`print ${mark} = 1`) }).click()
  await expect(editorText(page)).toContainText(`${mark} = 1`, { timeout: 60_000 })
  // Others of this account's tests look at the same list: it is asked for, and not forgotten.
  await page.getByRole('button', { name: 'Forget all' }).click()
  await expect(page.getByRole('dialog')).toContainText('Forget what you ran?')
  await page.getByRole('button', { name: 'Cancel' }).last().click()
})
