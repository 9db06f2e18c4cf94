import { expect, inspectEverywhere, test } from '../support/test'
import { thrown } from '../support/thrown'

const PROGRAM = 'usr/bin/jq'
const soon = { timeout: 120_000 }

test('vulnerable software: warned of, blocked by the kernel, told, released', async ({ page }) => {
  test.setTimeout(300_000)
  expect(thrown.start(PROGRAM)).toBe('ran')
  await page.goto('/recommendations?search=jq')
  await page.getByRole('grid', { name: 'Recommendations' }).getByRole('row').nth(1).click()
  const section = page.getByRole('region', { name: 'Application blocks' })
  await expect(section).toContainText('The software starts everywhere')
  await section.getByRole('button', { name: 'Warn or block' }).click()

  // To block at once takes a reason; this rule warns first.
  const dialog = page.getByRole('dialog').filter({ hasText: 'Sensors never touch' })
  await dialog.getByLabel(/^Why\W*$/).fill('It reads what strangers send')
  await dialog.getByRole('radio', { name: /^Block/ }).check()
  await expect(dialog.getByLabel(/^Why without a warning first/)).toBeVisible()
  await expect(dialog.getByRole('button', { name: 'Block', exact: true })).toBeDisabled()
  await inspectEverywhere(page, '230-block')
  await dialog.getByRole('radio', { name: /^Warn/ }).check()
  await dialog.getByLabel('What people read').fill('Ask IT for the new version')
  await dialog.getByLabel('For how long').selectOption('30')
  await inspectEverywhere(page, '231-warn')
  await dialog.getByRole('button', { name: 'Warn', exact: true }).click()
  await expect(dialog).toHaveCount(0)
  await expect(section).toContainText('Warns')
  await inspectEverywhere(page, '232-recommendation')

  await section.getByRole('link', { name: /jq/ }).click()
  await page.waitForURL(/\/application-blocks\?panel=/)
  const device = page.getByRole('region', { name: 'Devices' }).getByRole('article').first()
  await expect(device).toContainText('Watched', soon)
  expect(thrown.start(PROGRAM)).toBe('ran')
  await inspectEverywhere(page, '233-watched')

  await page.getByRole('button', { name: 'Block…' }).click()
  const early = page.getByRole('dialog').filter({ hasText: 'A rule warns for a day first' })
  await expect(early.getByRole('button', { name: 'Block', exact: true })).toBeDisabled()
  await early.getByLabel(/^Why so early/).fill('It is attacked now')
  await inspectEverywhere(page, '234-block-early')
  await early.getByRole('button', { name: 'Block', exact: true }).click()
  await expect(device).toContainText('Blocked', soon)
  await expect(device).toContainText('Starts are denied')
  expect(thrown.start(PROGRAM)).toBe('EPERM')
  await inspectEverywhere(page, '235-blocked')

  // Hunting tells of both, with the rule.
  const told = async (action: string) => {
    const q = `DeviceEvents\n| where ActionType == "${action}"\n| project Timestamp, DeviceName, ActionType, FileName, InitiatingProcessFileName\n| take 10`
    await expect(async () => {
      await page.goto(`/hunting?q=${encodeURIComponent(q)}&run=true`)
      await expect(page.getByRole('grid', { name: 'Result' }).getByRole('row').nth(1)).toContainText('jq', { timeout: 10_000 })
    }).toPass({ timeout: 90_000 })
  }
  await told('VulnerableApplicationWarned')
  await told('VulnerableApplicationBlocked')
  await inspectEverywhere(page, '236-told')

  await page.goto('/application-blocks')
  await page.getByRole('grid', { name: 'Application blocks' }).getByRole('row').filter({ hasText: 'jq' }).click()
  await page.getByRole('button', { name: 'Release…' }).click()
  const release = page.getByRole('dialog').filter({ hasText: 'Devices let it start again' })
  await inspectEverywhere(page, '237-release')
  await release.getByRole('button', { name: 'Release', exact: true }).click()
  await expect(release).toHaveCount(0)
  await expect.poll(() => thrown.start(PROGRAM), { ...soon, message: 'it starts again' }).toBe('ran')
  await expect(device).toContainText('It starts again there', soon)
  await page.getByLabel('Which rules').selectOption('cancelled')
  await expect(page.getByRole('grid', { name: 'Application blocks' }).getByRole('row').filter({ hasText: 'jq' })).toContainText('Released')
  await inspectEverywhere(page, '238-released')
})
