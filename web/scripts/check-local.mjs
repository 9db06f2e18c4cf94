// Fails when the built console would need an inline script or another host, or when the lock file names a registry.
import { readFile, readdir } from 'node:fs/promises'

const dist = new URL('../dist/', import.meta.url)
const faults = []

const index = await readFile(new URL('index.html', dist), 'utf8')
for (const [tag] of index.matchAll(/<script\b[^>]*>/g)) if (!/\bsrc="\/assets\//.test(tag)) faults.push(`index.html: ${tag}`)
if (/\son\w+=|javascript:/.test(index)) faults.push('index.html: an inline handler')
if (/(?:src|href)="(?:https?:)?\/\/|<style/.test(index)) faults.push('index.html: another host or an inline style')

for (const name of await readdir(new URL('assets/', dist))) {
  if (!name.endsWith('.css')) continue
  const css = await readFile(new URL(`assets/${name}`, dist), 'utf8')
  if (/url\(["']?(?:https?:)?\/\/|@import/.test(css)) faults.push(`${name}: another host`)
}

const lock = await readFile(new URL('../package-lock.json', import.meta.url), 'utf8')
if (/"resolved"/.test(lock)) faults.push('package-lock.json: a registry host; npm must run with this folder’s .npmrc')

if (faults.length) {
  console.error(faults.join('\n'))
  process.exit(1)
}
console.log('the console is self-contained')
