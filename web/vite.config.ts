/// <reference types="vitest/config" />
import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'

export default defineConfig({
  plugins: [react()],
  // monaco-kusto's bundle reads the Node name of the global object.
  define: { global: 'globalThis' },
  worker: { format: 'es' },
  build: {
    outDir: 'dist',
    target: 'es2023',
    // Nothing as a data: URL, so that the server may keep its content policy strict.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 12_000,
  },
  server: {
    proxy: process.env.PALISADE_API
      ? { '/api': { target: process.env.PALISADE_API, changeOrigin: true, secure: false } }
      : undefined,
  },
  test: { include: ['tests/**/*.test.ts'], environment: 'node' },
})
