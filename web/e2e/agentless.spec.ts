import { expect, inspect, test } from './support/test'
import { csrf, silentConnector, subscription } from './support/estate'

test('agentless scanning: switched on for a subscription, seen on a machine, switched off with a reason', async ({ page }) => {
  const stamp = Date.now()
  const name = `Agentless ${stamp}`
  const id = await subscription(page.request, name)
  const connector = await silentConnector(page.request, id, name, [`bare-${stamp}`])
  await page.goto(`/estate/${id}`)
  const card = page.getByRole('region', { name: 'Agentless scanning' })
  // What a new subscription begins with is the server's to say.
  const on = card.getByRole('button', { name: /^Switch on/ })
  const off = card.getByRole('button', { name: /^Switch off/ })
  await expect(on.or(off)).toBeVisible()
  if (await on.isVisible()) {
    await on.click()
    await page.getByRole('dialog').getByRole('button', { name: 'Switch on' }).click()
  }
  await expect(off).toBeVisible()
  await card.getByLabel('How often').selectOption('6')
  await card.getByRole('button', { name: 'Save' }).click()
  await expect(card.getByText('On, every 6 hours')).toBeVisible()
  await inspect(page, '180-agentless-subscription')

  const machines = async () => ((await (await page.request.get(`/api/v1/machines?subscription=${id}`)).json()) as { items: { id: string }[] }).items
  await expect.poll(async () => (await machines()).length, { timeout: 60_000 }).toBe(1)
  await page.goto(`/machines/${(await machines())[0]!.id}`)
  const section = page.getByRole('region', { name: 'Agentless scanning' })
  await expect(section).toBeVisible()
  await section.getByLabel('Agentless scanning of this machine').selectOption('off')
  await expect(section.getByText('Switched off', { exact: true })).toBeVisible()
  await page.reload()
  await expect(section.getByLabel('Agentless scanning of this machine')).toHaveValue('off')
  await inspect(page, '181-agentless-machine')

  await page.goto(`/estate/${id}`)
  await off.click()
  const dialog = page.getByRole('dialog')
  await expect(dialog.getByRole('button', { name: 'Switch off' })).toBeDisabled()
  await dialog.getByLabel('Reason').fill('A test')
  await dialog.getByRole('button', { name: 'Switch off' }).click()
  await expect(on).toBeVisible()
  await page.request.delete(`/api/v1/connectors/${connector}`, { headers: csrf })
})
