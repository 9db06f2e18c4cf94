import type { Page } from '@playwright/test'
import { expect } from './test'

/** The address of a query; with `run` it runs when it is opened. */
export const huntingAddress = (query: string, more: Record<string, string> = {}): string => `/hunting?${new URLSearchParams({ q: query, ...more }).toString()}`

/** Opens a query and waits until the editor knows the schema; the cursor stands at the end. */
export async function openEditor(page: Page, query: string): Promise<void> {
  await page.goto(huntingAddress(query))
  await editorReady(page)
  await page.locator('.monaco-editor textarea').first().focus()
  await page.keyboard.press('Control+End')
}

export async function editorReady(page: Page): Promise<void> {
  await expect(page.locator('.query-editor[data-schema=ready]')).toBeVisible({ timeout: 60_000 })
}

/** The text of the editor, as far as it is drawn. */
export const editorText = (page: Page) => page.locator('.monaco-editor .view-lines').first()

/** Runs a query and waits for its rows or its chart. */
export async function runQuery(page: Page, query: string, more: Record<string, string> = {}): Promise<void> {
  await page.goto(huntingAddress(query, { run: 'true', ...more }))
  await expect(page.getByRole('status', { name: 'Statistics' })).toBeVisible({ timeout: 30_000 })
}

/** Asks the server as the console does, within its session. */
export const ask = (page: Page, method: string, path: string, body?: unknown): Promise<{ status: number; body: unknown }> =>
  page.evaluate(
    async ([verb, where, sent]) => {
      const answer = await fetch(where!, { method: verb, headers: { 'Content-Type': 'application/json', 'X-Palisade-Csrf': '1' }, body: sent ?? undefined })
      const text = await answer.text()
      return { status: answer.status, body: text ? (JSON.parse(text) as unknown) : null }
    },
    [method, path, body === undefined ? null : JSON.stringify(body)] as const,
  )
