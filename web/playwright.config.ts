import { defineConfig } from '@playwright/test'

const quiet = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync']

export default defineConfig({
  testDir: 'e2e',
  outputDir: 'test-results',
  workers: 1,
  retries: 0,
  timeout: 90_000,
  expect: { timeout: 15_000 },
  reporter: [['list']],
  use: {
    baseURL: process.env.PALISADE_URL,
    // The instance's own certificate is not in the browser's store.
    ignoreHTTPSErrors: true,
    actionTimeout: 20_000,
    viewport: { width: 1440, height: 900 },
    permissions: ['clipboard-read', 'clipboard-write'],
    launchOptions: { executablePath: process.env.PALISADE_CHROMIUM ?? '/usr/bin/chromium', args: quiet },
  },
  projects: [
    { name: 'account', testMatch: 'account.setup.ts' },
    { name: 'console', testMatch: '*.spec.ts', dependencies: ['account'], use: { storageState: 'e2e/.account/state.json' } },
  ],
})
