import AxeBuilder from '@axe-core/playwright'
import { type Page, test as base, expect } from '@playwright/test'

/** Every test also proves that nothing leaves for another host and that the page ran without a fault. */
export const test = base.extend<{ watched: void }>({
  watched: [
    async ({ page, baseURL }, use) => {
      const own = new URL(baseURL!).host
      const foreign: string[] = []
      const faults: string[] = []
      page.context().on('request', (request) => {
        const url = new URL(request.url())
        if (/^(https?|wss?):$/.test(url.protocol) && url.host !== own) foreign.push(request.url())
      })
      page.on('pageerror', (error) => faults.push(error.message))
      page.on('console', (message) => {
        if (/Content Security Policy|Refused to/.test(message.text())) faults.push(message.text())
      })
      await use()
      expect(foreign, 'requests to another host').toEqual([])
      expect(faults, 'faults on the page').toEqual([])
    },
    { auto: true },
  ],
})
export { expect }

/** A picture for people, where PALISADE_SHOTS names a folder. */
export async function shot(page: Page, name: string): Promise<void> {
  const folder = process.env.PALISADE_SHOTS
  if (folder) await page.screenshot({ path: `${folder}/${name}.png`, animations: 'disabled' })
}

/** WCAG 2.1 A and AA, contrast included. Left out: Monaco's own widget, and Fluent's hidden stops that only pass focus on. */
export async function expectAccessible(page: Page): Promise<void> {
  const result = await new AxeBuilder({ page }).withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa']).exclude('.monaco-editor').exclude('[data-tabster-dummy]').analyze()
  const found = result.violations.map((v) => `${v.id}: ${v.nodes.map((n) => `${n.target.join(' ')} (${n.failureSummary})`).join('; ')}`)
  expect(found).toEqual([])
}

/** Opens the page of the first device in the list and returns its id. */
export async function openFirstDevice(page: Page): Promise<string> {
  await page.goto('/devices?health=active')
  await page.getByRole('grid', { name: 'Devices' }).getByRole('link').first().click()
  await page.waitForURL(/\/devices\/[0-9a-f]{40}\/timeline/)
  return new URL(page.url()).pathname.split('/')[2]!
}
