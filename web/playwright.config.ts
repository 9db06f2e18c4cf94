import { defineConfig } from '@playwright/test'
import { stateFile } from './e2e/support/account'

const quiet = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync']

export default defineConfig({
  testDir: 'e2e',
  // Not beside the sources: what is newer than the last build would be built again.
  outputDir: 'node_modules/.e2e-results',
  // Each test has a page and, where it changes something, names of its own: their order is free.
  fullyParallel: true,
  workers: 2,
  forbidOnly: Boolean(process.env.CI),
  retries: 0,
  timeout: 90_000,
  expect: { timeout: 15_000 },
  // The second is for whoever starts them: it goes into the file that PLAYWRIGHT_JSON_OUTPUT_FILE names.
  reporter: process.env.PLAYWRIGHT_JSON_OUTPUT_FILE ? [['list'], ['json']] : [['list']],
  use: {
    baseURL: process.env.PALISADE_URL,
    // The instance's own certificate is not in the browser's store.
    ignoreHTTPSErrors: true,
    actionTimeout: 20_000,
    viewport: { width: 1440, height: 900 },
    screenshot: 'only-on-failure',
    // What moves would be measured half-way, by its colours too.
    contextOptions: { reducedMotion: 'reduce' },
    permissions: ['clipboard-read', 'clipboard-write'],
    launchOptions: { executablePath: process.env.PALISADE_CHROMIUM ?? '/usr/bin/chromium', args: quiet },
  },
  projects: [
    { name: 'account', testMatch: 'account.setup.ts' },
    // What needs a throw-away machine with something to fix (e2e/fix) has an instance of its own.
    process.env.PALISADE_ROOT
      ? { name: 'fix', testMatch: 'fix/*.spec.ts', dependencies: ['account'], use: { storageState: stateFile } }
      : { name: 'console', testMatch: '*.spec.ts', testIgnore: 'fix/**', dependencies: ['account'], use: { storageState: stateFile } },
  ],
})
