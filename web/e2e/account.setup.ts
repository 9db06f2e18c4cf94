import { keep, kept, signIn, stateFile } from './support/account'
import { expect, inspect, test } from './support/test'
import { stepNow, totp } from './support/totp'

test('set up by the one-time link with an authenticator', async ({ page, baseURL }) => {
  const known = kept()
  const link = process.env.PALISADE_SETUP_URL
  if (known && !process.env.PALISADE_SETUP_FRESH) {
    await page.goto('/sign-in')
    await signIn(page, known)
  } else {
    expect(link, 'PALISADE_SETUP_URL').toBeTruthy()
    await page.goto(link!)
    await expect(page.getByRole('heading', { name: 'Set up your account' })).toBeVisible()
    await inspect(page, '01-setup-account')
    const email = 'ada@example.org'
    const password = 'a long sentence for tests'
    await page.getByLabel('Name').fill('Ada Lovelace')
    if (await page.getByLabel('Email').isEditable()) await page.getByLabel('Email').fill(email)
    const address = await page.getByLabel('Email').inputValue()
    await page.getByLabel(/^Password\W*$/).fill('short')
    await expect(page.getByText('more to go')).toBeVisible()
    await page.getByLabel(/^Password\W*$/).fill(password)
    await page.getByLabel('Password again').fill(password)
    await page.getByRole('button', { name: 'Next: authenticator' }).click()
    await expect(page.getByRole('img', { name: /QR code/ })).toBeVisible()
    const secret = (await page.getByLabel('Secret', { exact: true }).innerText()).trim()
    await inspect(page, '02-setup-authenticator')
    const right = totp(secret)
    await page.getByRole('textbox', { name: /^Code/ }).fill(String((Number(right) + 1) % 1_000_000).padStart(6, '0'))
    await page.getByRole('button', { name: 'Finish and sign in' }).click()
    await expect(page.getByRole('alert')).toContainText('The code was not accepted')
    const step = stepNow()
    await page.getByRole('textbox', { name: /^Code/ }).fill(totp(secret, step))
    await page.getByRole('button', { name: 'Finish and sign in' }).click()
    keep({ base: baseURL!, email: address, password, secret, step })
  }
  await expect(page.getByRole('heading', { name: /Devices/ })).toBeVisible()
  await page.context().storageState({ path: stateFile })
})
