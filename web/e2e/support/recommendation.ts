import { type APIRequestContext, expect } from '@playwright/test'

export interface Recommended {
  id: string
  related_component: string
}

/** Recommendations for the own machine's set-up: it compares itself with its baseline soon after it enrols. */
export async function recommendations(request: APIRequestContext): Promise<Recommended[]> {
  const read = async () => ((await (await request.get('/api/v1/recommendations?remediation_type=configure&limit=50')).json()) as { items: Recommended[] }).items
  await expect.poll(async () => (await read()).length, { timeout: 80_000, message: 'the own machine was compared with its baseline' }).toBeGreaterThan(3)
  // By name: tests take different ones, whatever the order of their effect is by now.
  return (await read()).sort((a, b) => a.id.localeCompare(b.id))
}
