import { readFileSync } from 'node:fs'
import type { APIRequestContext, Page } from '@playwright/test'
import { check } from '../src/lib/explore/check'
import { type Json, type Path, put } from '../src/lib/explore/document'
import { Language, type SchemaDocument } from '../src/lib/explore/language'
import { csrf, silentConnector, subscription } from './support/estate'
import { expect, inspect, shot, test } from './support/test'

interface Answer {
  count: number
  rows: { node: { type: string; key: string; name: string } }[]
  link: string
}
const explore = async (request: APIRequestContext, body: object): Promise<Answer> => {
  const answer = await request.post('/api/v1/explore', { data: { limit: 1000, ...body }, headers: csrf })
  expect(answer.ok(), await answer.text()).toBe(true)
  return (await answer.json()) as Answer
}

const HEALTH = [
  ['machines_affected_by_health_findings', 'Machines affected by health findings'],
  ['health_findings_that_affect_machines', 'Health findings that affect machines'],
  ['healthy_machines', 'Healthy machines'],
  ['machines_not_applicable', 'Machines on which no sensor is applicable'],
] as const

const grid = (page: Page) => page.getByRole('grid', { name: 'Rows' })
const search = (page: Page) => page.getByRole('region', { name: 'Question' }).getByRole('button', { name: 'Search', exact: true })
const result = (page: Page) => page.getByRole('region', { name: 'Result' })

/** Machines that cannot be reached, so that health has something to tell; each name is unlike any other. */
async function quiet(page: Page, count: number): Promise<{ names: string[]; subscription: string; end: () => Promise<unknown> }> {
  const stamp = `${Date.now()}-${Math.floor(Math.random() * 1e6)}`
  const names = Array.from({ length: count }, (_, i) => `hush-${stamp}-${i + 1}`)
  const id = await subscription(page.request, `Hush ${stamp}`)
  const connector = await silentConnector(page.request, id, `Hush ${stamp}`, names)
  const query = { version: 1, find: { types: ['virtual_machines'], that: [{ connection: 'is_affected_by', to: { types: ['health_finding'] } }] }, scope: { subscriptions: [id] } }
  await expect.poll(async () => (await explore(page.request, { query })).count, { timeout: 60_000 }).toBe(count)
  return { names, subscription: id, end: () => page.request.delete(`/api/v1/connectors/${connector}`, { headers: csrf }) }
}

/** What the page shows: the count that it tells, and the names of all rows that are drawn. */
async function shown(page: Page): Promise<{ count: number; names: string[] }> {
  await expect(result(page).getByRole('status').first()).toContainText(/row/)
  const text = await result(page).getByRole('status').first().innerText()
  const count = Number(/(?:of )?([\d,]+) rows?$/.exec(text)![1]!.replaceAll(',', ''))
  if (count === 0) return { count, names: [] }
  const names = await grid(page).locator('.vgrid-body [role=row]').evaluateAll((rows) => rows.map((row) => row.querySelectorAll('[role=gridcell]')[1]!.textContent ?? ''))
  return { count, names }
}

test('the four health templates show the rows that the API answers', async ({ page }) => {
  const { names, subscription: id, end } = await quiet(page, 2)
  // One that gets no sensor, by what its inventory says.
  const mac = `${names[0]!}-mac`
  const connector = await silentConnector(page.request, id, mac, [`${mac} os=macos`])
  const found = async (template: string) => (await explore(page.request, { template })).rows.map((r) => r.node.name)
  await expect.poll(() => found('machines_not_applicable'), { timeout: 60_000 }).toContain(mac)
  expect(await found('machines_affected_by_health_findings')).toEqual(expect.arrayContaining(names))
  await page.goto('/explorer')
  await inspect(page, '110-explorer')
  for (const [name, title] of HEALTH) {
    await page.goto('/explorer?view=templates')
    const health = page.getByRole('region', { name: 'Health' })
    await expect(health.getByRole('link')).toHaveText(HEALTH.map(([, t]) => new RegExp(`^${t}`)))
    await health.getByRole('link', { name: new RegExp(`^${title}`) }).click()
    await expect(page).toHaveURL(/link=/)
    // Machines of other tests come and go: what the page shows is compared with what is there at that time.
    await expect(async () => {
      await page.getByRole('button', { name: 'Ask again' }).click()
      const answer = await explore(page.request, { template: name })
      expect(await shown(page)).toEqual({ count: answer.count, names: answer.rows.slice(0, (await shown(page)).names.length).map((r) => r.node.name) })
      expect(new URL(page.url()).searchParams.get('link')).toBe(answer.link)
    }).toPass({ timeout: 30_000 })
    await shot(page, `111-explorer-${name}`)
  }
  await page.request.delete(`/api/v1/connectors/${connector}`, { headers: csrf })
  await end()
})

test('a question is built by hand, by mouse and by keyboard, and its link brings all of it back', async ({ page, context }) => {
  const { names, subscription: id, end } = await quiet(page, 3)
  await page.goto('/explorer')
  await page.getByRole('button', { name: /^What to look for/ }).click()
  await page.getByRole('searchbox', { name: 'Search types' }).fill('machines')
  await page.getByRole('checkbox', { name: /^Virtual machines \(group\)/ }).check()
  await inspect(page, '112-explorer-types')
  await page.getByRole('button', { name: 'Done' }).click()

  // The keyboard alone: the list opens, a word finds, Enter takes.
  await page.getByRole('button', { name: 'That', exact: true }).focus()
  await page.keyboard.press('Enter')
  await expect(page.getByRole('combobox', { name: 'Connection or insight' })).toBeFocused()
  await expect(page.getByRole('option', { name: /^Exploitable/ })).toHaveAttribute('aria-disabled', 'true')
  await expect(page.getByRole('option', { name: /^Exploitable/ })).toContainText('Cannot be said of Virtual machines')
  await page.keyboard.type('affected by')
  await page.keyboard.press('Enter')
  const branch = page.getByRole('group', { name: 'That Is affected by' })
  await expect(branch.getByRole('button', { name: 'Connection or insight: Is affected by' })).toBeFocused()
  await expect(branch).toContainText('Choose at least one type')

  await branch.getByRole('button', { name: /^Is affected by: what/ }).click()
  await page.getByRole('tab', { name: 'Health' }).click()
  await expect(page.getByRole('checkbox', { name: /^Sensor/ })).toBeDisabled()
  await page.getByRole('checkbox', { name: /^Health finding/ }).check()
  await page.keyboard.press('Escape')
  await branch.getByRole('button', { name: 'Where', exact: true }).click()
  await page.getByRole('option', { name: /^Weight/ }).click()
  const condition = branch.getByRole('group', { name: 'Where Weight' })
  await expect(condition.getByLabel('Comparison').getByRole('option', { name: /^Is before/ })).toBeDisabled()
  await expect(condition).toContainText('Give a value')
  await condition.getByLabel('Value').selectOption('unhealthy')
  await expect(condition).not.toContainText('Give a value')

  await page.getByRole('button', { name: /^Scope/ }).click()
  await page.getByRole('checkbox', { name: new RegExp(`^Hush ${names[0]!.slice(5, -2)}`) }).check()
  await page.keyboard.press('Escape')
  await expect(page.getByRole('button', { name: 'Scope: 1 subscription' })).toBeVisible()
  await search(page).click()
  await expect(grid(page).getByRole('row')).toHaveCount(names.length + 1)
  const query = {
    version: 1,
    find: { types: ['virtual_machines'], that: [{ connection: 'is_affected_by', to: { types: ['health_finding'], where: [{ property: 'weight', operator: 'equals', value: 'unhealthy' }] } }] },
    scope: { subscriptions: [id] },
  }
  const answer = await explore(page.request, { query })
  expect((await shown(page)).names).toEqual(answer.rows.map((r) => r.node.name))
  expect(new URL(page.url()).searchParams.get('link')).toBe(answer.link)
  await inspect(page, '113-explorer-built')

  // A change that was not asked yet is in the address too.
  await page.getByRole('button', { name: 'Where', exact: true }).first().click()
  await page.keyboard.type('name')
  await page.keyboard.press('Enter')
  // The address follows when typing rests: first the condition, then its value.
  await expect(page).toHaveURL(/draft=/)
  const unfinished = page.url()
  await page.getByRole('group', { name: 'Where Name' }).getByLabel('Value').fill(names[1]!)
  await expect(page).not.toHaveURL(unfinished)
  await page.reload()
  await expect(page.getByRole('group', { name: 'Where Name' }).getByLabel('Value')).toHaveValue(names[1]!)
  await expect(grid(page).getByRole('row')).toHaveCount(names.length + 1)
  await page.getByRole('button', { name: 'Copy link' }).click()
  const link = await page.evaluate(() => navigator.clipboard.readText())
  const other = await context.newPage()
  await other.goto(link)
  await expect(grid(other).getByRole('row')).toHaveCount(2)
  await expect(other.getByRole('group', { name: 'Where Name' }).getByLabel('Value')).toHaveValue(names[1]!)
  await expect(other.getByRole('button', { name: 'Scope: 1 subscription' })).toBeVisible()

  // Taken out again by keyboard, the keyboard stays in the builder.
  await other.getByRole('button', { name: 'Remove where Name' }).focus()
  await other.keyboard.press('Enter')
  await expect(other.getByRole('button', { name: /^What to look for/ })).toBeFocused()
  await other.close()
  await end()
})

test('builder and JSON are one text; what is no JSON is kept and told', async ({ page }) => {
  await page.goto('/explorer')
  const health = page.getByRole('region', { name: 'Health' })
  await health.getByRole('link', { name: /^Healthy machines/ }).click()
  await page.getByRole('tab', { name: 'JSON' }).click()
  const editor = page.getByRole('textbox', { name: 'The question as JSON' })
  const text = await editor.inputValue()
  await page.getByRole('tab', { name: 'Query builder' }).click()
  await page.getByRole('tab', { name: 'JSON' }).click()
  await expect(editor).toHaveValue(text)

  const broken = text.replace('"version": 1,', '"version": ,')
  await editor.fill(broken)
  await expect(page.getByText('not_json')).toBeVisible()
  await expect(search(page)).toBeDisabled()
  await expect(page).toHaveURL(/draft=/)
  await page.reload()
  await expect(editor).toHaveValue(broken)
  await inspect(page, '114-explorer-broken')
  await page.getByRole('tab', { name: 'Query builder' }).click()
  await expect(page.getByText('Nothing of it is lost')).toBeVisible()
  await page.getByRole('button', { name: 'Mend it as JSON' }).click()
  await expect(editor).toHaveValue(broken)

  // JSON that is no question: the builder shows what it can, and the server's refusal has its code and place.
  const odd = { version: 1, find: { types: ['virtual_machines'], that: [{ insight: 'has_tags' }, { what: 'is this' }, { or: [{ insight: 'has_tags', not: true }, { insight: 'is_applicable' }] }] } }
  await editor.fill(JSON.stringify(odd))
  await page.getByRole('tab', { name: 'Query builder' }).click()
  await expect(page.getByRole('group', { name: 'A part that only JSON shows' })).toContainText('wrong_shape')
  await search(page).click()
  await expect(page.getByRole('alert')).toContainText('wrong_shape')
  await inspect(page, '115-explorer-odd')
  await page.getByRole('tab', { name: 'JSON' }).click()
  await expect(editor).toHaveValue(JSON.stringify(odd))
  await page.getByRole('tab', { name: 'Query builder' }).click()
  await page.getByRole('group', { name: 'A part that only JSON shows' }).getByRole('button', { name: 'Remove' }).click()
  await search(page).click()
  await expect(page.getByRole('alert')).toHaveCount(0)
  await expect(result(page)).toContainText(/row/)
  await page.goto('/explorer?link=nonsense')
  await expect(page.getByRole('alert')).toContainText(/bad_link|not_json/)
})

test('a row opens its details, which outlive a reload, and leads on', async ({ page }) => {
  const { names, end } = await quiet(page, 1)
  await page.goto('/explorer')
  await page.getByRole('region', { name: 'Health' }).getByRole('link', { name: /^Machines affected/ }).click()
  const row = grid(page).getByRole('row', { name: new RegExp(names[0]!) })
  await row.getByRole('gridcell').last().click()
  await expect(page).toHaveURL(/open=/)
  const panel = page.getByRole('dialog', { name: names[0]! })
  await expect(panel.getByRole('button', { name: 'General details' })).toBeVisible()
  await expect(panel).toContainText('Unhealthy')
  await expect(panel.getByText('Remediation').first()).toBeVisible()
  await inspect(page, '116-explorer-details')
  await page.reload()
  await expect(panel.getByText('Remediation').first()).toBeVisible()
  await panel.getByRole('link', { name: 'Open the machine page' }).click()
  await expect(page).toHaveURL(/\/machines\/[0-9a-f-]{36}/)
  await page.goBack()
  await expect(panel).toBeVisible()
  await page.keyboard.press('Escape')
  await expect(page).not.toHaveURL(/open=/)
  await end()
})

test('all rows come as CSV and as JSON', async ({ page }) => {
  await page.goto('/explorer')
  await page.getByRole('region', { name: 'Health' }).getByRole('link', { name: /^Healthy machines/ }).click()
  await expect(result(page)).toContainText(/row/)
  const file = async (name: string) => {
    const wait = page.waitForEvent('download')
    await page.getByRole('button', { name: 'Download' }).click()
    await page.getByRole('menuitem', { name }).click()
    const download = await wait
    return { name: download.suggestedFilename(), text: readFileSync((await download.path())!, 'utf8') }
  }
  const csv = await file('All rows as CSV')
  expect(csv.name).toMatch(/^explorer-.*\.csv$/)
  expect(csv.text).toMatch(/^Type,Name,Id,Subscription,Resource group,Is running Sensor\r\n/)
  const json = await file('All rows as JSON')
  const parsed = JSON.parse(json.text) as Answer
  const answer = await explore(page.request, { template: 'healthy_machines' })
  expect(parsed.rows.map((r) => r.node.key)).toEqual(answer.rows.map((r) => r.node.key))
  for (const { node } of answer.rows) expect(csv.text).toContain(`${node.name},${node.key}`)
})

test('what the page finds wrong is what the server finds wrong', async ({ page }) => {
  const { schema, templates } = (await (await page.request.get('/api/v1/explore/schema')).json()) as { schema: SchemaDocument; templates: { query: Json }[] }
  const language = new Language(schema)
  const words = [...new Set(templates.flatMap((t) => [...JSON.stringify(t.query).matchAll(/"([^"]+)"/g)].map((m) => m[1]!)))]
  const odd: Json[] = [null, true, 7, '', 'nothing', [], {}, 'ago(1d)', 0.5]
  let state = 7
  const next = (below: number) => (state = (state * 48271) % 2147483647) % below
  /** Every place in a question. */
  const places = (value: Json, path: Path = []): Path[] => {
    const within = typeof value === 'object' && value !== null ? Object.entries(value).map(([name, item]): [string | number, Json] => [Array.isArray(value) ? Number(name) : name, item as Json]) : []
    return [path, ...within.flatMap(([step, item]) => places(item, [...path, step]))]
  }
  /** The same with something at one place of it taken out or replaced. */
  const mutated = (query: Json): Json => {
    const all = places(query).slice(1)
    const place = all[next(all.length)]!
    return put(query, place, next(5) === 0 ? undefined : next(2) > 0 ? words[next(words.length)]! : odd[next(odd.length)]!)
  }
  const codes = new Set<string>()
  for (let i = 0; i < 250; i += 1) {
    const query = mutated(templates[next(templates.length)]!.query)
    const answer = await page.request.post('/api/v1/explore', { data: { query, limit: 1 }, headers: csrf })
    const [problem] = check(query, language)
    const said = answer.ok() ? undefined : ((await answer.json()) as { error: { code: string; details: { pointer?: string } | null } }).error
    expect(problem && { code: problem.code, pointer: problem.pointer }, JSON.stringify(query)).toEqual(said && { code: said.code, pointer: said.details?.pointer })
    codes.add(said?.code ?? 'none')
  }
  expect(codes.size).toBeGreaterThan(8)
})

test('390 pixels are enough for reading an answer', async ({ page }) => {
  await page.setViewportSize({ width: 390, height: 844 })
  await page.goto('/explorer')
  await page.getByRole('region', { name: 'Health' }).getByRole('link', { name: /^Healthy machines/ }).click()
  await expect(result(page)).toContainText(/row/)
  await page.getByRole('button', { name: 'Fold the question' }).click()
  await expect(page).toHaveURL(/fold=true/)
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390)
  await inspect(page, '117-explorer-narrow')
  await page.getByRole('button', { name: 'Show the question' }).click()
  await page.getByRole('button', { name: /^What to look for/ }).click()
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390)
  await inspect(page, '118-explorer-narrow-types')
})
