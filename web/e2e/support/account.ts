import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Page } from '@playwright/test'
import { expect } from '@playwright/test'
import { stepAccepted, stepNow, totp } from './totp'

/** PALISADE_ACCOUNT names another folder, so that two runs do not share an account. */
const folder = process.env.PALISADE_ACCOUNT ?? fileURLToPath(new URL('../.account', import.meta.url))
export const stateFile = `${folder}/state.json`

/** The administrator that the set-up spec made; kept so that a second run signs in. */
export interface Account {
  base: string
  email: string
  password: string
  secret: string
  /** The server takes each code once: the last step used. */
  step: number
}

export function keep(account: Account): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  writeFileSync(`${folder}/account.json`, JSON.stringify(account), { mode: 0o600 })
}

export function kept(): Account | undefined {
  try {
    const account = JSON.parse(readFileSync(`${folder}/account.json`, 'utf8')) as Account
    return account.base === process.env.PALISADE_URL ? account : undefined
  } catch {
    return undefined
  }
}

/** A code that was not used yet: the server takes the next step's ahead of its time, so waiting is rare. */
export async function freshCode(account: Account): Promise<string> {
  const step = Math.max(account.step + 1, stepNow())
  await expect.poll(() => stepAccepted(step), { timeout: 35_000, intervals: [250] }).toBe(true)
  keep({ ...account, step })
  return totp(account.secret, step)
}

export async function signIn(page: Page, account: Account): Promise<void> {
  await page.getByLabel('Email').fill(account.email)
  await page.getByLabel('Password').fill(account.password)
  await page.getByRole('textbox', { name: /^Code/ }).fill(await freshCode(account))
  await page.getByRole('button', { name: 'Sign in' }).click()
}
