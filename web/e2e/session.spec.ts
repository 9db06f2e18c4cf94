import { kept, signIn } from './support/account'
import { expect, inspect, shot, test } from './support/test'

test.use({ storageState: { cookies: [], origins: [] } })

test('sign-in brings back to the same address, sign-out ends the session', async ({ page }) => {
  const account = kept()!
  await page.goto('/devices?health=active&sort=last_seen&order=desc')
  await expect(page).toHaveURL(/\/sign-in\?next=/)
  await inspect(page, '03-sign-in')

  await page.getByLabel('Email').fill(account.email)
  await page.getByLabel('Password').fill('not the password')
  await page.getByRole('textbox', { name: /^Code/ }).fill('000000')
  await page.getByRole('button', { name: 'Sign in' }).click()
  await expect(page.getByRole('alert')).toContainText('You were not signed in')
  await shot(page, '04-sign-in-refused')

  await signIn(page, account)
  await expect(page).toHaveURL(/\/devices\?health=active&sort=last_seen&order=desc/)

  // A session that ended while the page was open: sign in again, back on the same page.
  await page.evaluate(() => fetch('/api/v1/session', { method: 'DELETE', headers: { 'X-Palisade-Csrf': '1' } }))
  // A request under way may notice it before the click does.
  await page.getByRole('button', { name: 'Impaired', exact: true }).click({ timeout: 5_000 }).catch(() => undefined)
  await expect(page).toHaveURL(/\/sign-in\?next=/)
  await signIn(page, kept()!)
  await expect(page).toHaveURL(/\/devices\?health=active(%2Cimpaired)?&sort=last_seen/)

  await page.getByRole('button', { name: /^Account of/ }).click()
  await page.getByRole('menuitem', { name: 'Sign out' }).click()
  await page.waitForURL(/\/sign-in/)
  await page.goto('/hunting')
  await expect(page).toHaveURL(/\/sign-in\?next=/)
})

test('a used or wrong set-up link says what to do', async ({ page }) => {
  await page.goto('/setup?token=bad')
  await expect(page.getByRole('heading', { name: 'This set-up link cannot be used' })).toBeVisible()
  await inspect(page, '05-setup-link-used')
})
