import { randomUUID } from 'node:crypto'
import { runQuery } from './support/hunting'
import { expect, inspectEverywhere, test } from './support/test'

test('a file is uploaded, read by a query, replaced and deleted', async ({ page }) => {
  const name = `e2e-${randomUUID().slice(0, 8)}.csv`
  const choose = (text: string) => page.locator('input[type=file]').setInputFiles({ name, mimeType: 'text/csv', buffer: Buffer.from(text) })
  const read = `externaldata(Host:string, Owner:string)\n["upload:${name}"]\nwith (ignoreFirstRecord=true)`
  const files = page.getByRole('table', { name: 'Files' })
  await page.goto('/hunting/files')
  await choose('Host,Owner\nweb,Ada\ndb,Bob\n')
  await page.getByRole('button', { name: 'Upload' }).click()
  await expect(files).toContainText(name)
  await inspectEverywhere(page, '46-hunting-files')
  await runQuery(page, read)
  await expect(page.getByRole('grid', { name: 'Result' })).toHaveAttribute('aria-rowcount', '3')

  await page.goto('/hunting/files')
  await choose('Host,Owner\nweb,Ada\n')
  await page.getByRole('button', { name: 'Upload' }).click()
  await page.getByRole('alert').filter({ hasText: 'already' }).getByRole('button', { name: 'Replace it' }).click()
  await expect(page.getByRole('button', { name: 'Replace it' })).toHaveCount(0)
  await runQuery(page, read)
  await expect(page.getByRole('grid', { name: 'Result' })).toHaveAttribute('aria-rowcount', '2')

  await page.goto('/hunting/files')
  await page.getByRole('button', { name: `Delete ${name}` }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click()
  await expect(page.getByText(name)).toHaveCount(0)
})
