import AxeBuilder from '@axe-core/playwright'
import { type Page, test as base, expect } from '@playwright/test'

/** Every test also proves that nothing leaves for another host and that its pages ran without a fault. */
export const test = base.extend<{ watched: void }>({
  watched: [
    async ({ context, baseURL }, use) => {
      const own = new URL(baseURL!).host
      const foreign: string[] = []
      const faults: string[] = []
      context.on('request', (request) => {
        const url = new URL(request.url())
        if (/^(https?|wss?):$/.test(url.protocol) && url.host !== own) foreign.push(request.url())
      })
      context.on('weberror', (error) => faults.push(error.error().message))
      context.on('console', (message) => {
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
  if (!folder) return
  await settled(page)
  await page.screenshot({ path: `${folder}/${name}.png` })
}

/** Waits for what moves to come to rest; skeletons and spinners move for ever. */
async function settled(page: Page): Promise<void> {
  await page.evaluate(async () => {
    const ends = (animation: Animation) => animation.effect?.getComputedTiming().endTime !== Infinity
    await Promise.allSettled(document.getAnimations().filter(ends).map((animation) => animation.finished))
  })
}

/**
 * Left out: Monaco's own widget, Fluent's hidden stops that only pass focus on, and the rows of a list after
 * the sixth, which are made as those above and take axe most of its time.
 */
const axe = (page: Page) =>
  new AxeBuilder({ page }).exclude('.monaco-editor').exclude('[data-tabster-dummy]').exclude('.vgrid-body > .vgrid-row:nth-child(n+7)')

async function faultsOf(builder: AxeBuilder): Promise<string[]> {
  const { violations } = await builder.analyze()
  return violations.map((v) => `${v.id}: ${v.nodes.map((n) => `${n.target.join(' ')} (${n.failureSummary})`).join('; ')}`)
}

/** A picture, WCAG 2.1 A and AA, and the same page in the dark: another picture, and its contrast. */
export async function inspect(page: Page, name: string): Promise<void> {
  await settled(page)
  await shot(page, name)
  expect(await faultsOf(axe(page).withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa'])), `${name} in light`).toEqual([])
  await page.emulateMedia({ colorScheme: 'dark' })
  await expect(page.locator('html')).toHaveAttribute('data-theme', 'dark')
  await settled(page)
  await shot(page, `${name}-dark`)
  expect(await faultsOf(axe(page).withRules(['color-contrast'])), `${name} in the dark`).toEqual([])
  await page.emulateMedia({ colorScheme: 'light' })
  await expect(page.locator('html')).toHaveAttribute('data-theme', 'light')
}

/** `inspect`, and the same page on a telephone: nothing wider than it, a picture in light and in the dark. */
export async function inspectEverywhere(page: Page, name: string): Promise<void> {
  await inspect(page, name)
  const before = page.viewportSize()!
  await page.setViewportSize({ width: 390, height: 844 })
  await expect.poll(() => page.evaluate(() => document.documentElement.scrollWidth), { message: `${name} at 390 pixels` }).toBeLessThanOrEqual(390)
  await shot(page, `${name}-narrow`)
  await page.emulateMedia({ colorScheme: 'dark' })
  await expect(page.locator('html')).toHaveAttribute('data-theme', 'dark')
  await shot(page, `${name}-narrow-dark`)
  await page.emulateMedia({ colorScheme: 'light' })
  await page.setViewportSize(before)
}

/** Opens the page of the first device in the list and returns its id. */
export async function openFirstDevice(page: Page): Promise<string> {
  await page.goto('/devices')
  await page.getByRole('grid', { name: 'Devices' }).getByRole('link').first().click()
  await page.waitForURL(/\/devices\/[0-9a-f]{40}\/timeline/)
  return new URL(page.url()).pathname.split('/')[2]!
}

/** The first device's timeline, of started and ended processes only. */
export async function openProcesses(page: Page): Promise<void> {
  const id = await openFirstDevice(page)
  await page.goto(`/devices/${id}/timeline?tables=DeviceProcessEvents&range=7d`)
  await expect(page.getByRole('grid', { name: 'Timeline' }).getByRole('row').nth(1)).toBeVisible()
}
