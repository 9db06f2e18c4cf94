// Makes src/api/schema.ts from the checked-in OpenAPI document; --check fails when it differs.
import { readFile, writeFile } from 'node:fs/promises'
import openapiTS, { astToString } from 'openapi-typescript'

const source = process.env.PALISADE_OPENAPI
  ? new URL(process.env.PALISADE_OPENAPI, `file://${process.cwd()}/`)
  : new URL('../../docs/openapi.json', import.meta.url)
const target = new URL('../src/api/schema.ts', import.meta.url)

const banner = '// Generated from docs/openapi.json by `npm run generate`. Do not edit.\n'
const text = banner + astToString(await openapiTS(source, { alphabetize: true }))

if (process.argv.includes('--check')) {
  const present = await readFile(target, 'utf8').catch(() => '')
  if (present !== text) {
    console.error('src/api/schema.ts differs from docs/openapi.json: run `npm run generate`')
    process.exit(1)
  }
  console.log('src/api/schema.ts matches docs/openapi.json')
} else {
  await writeFile(target, text)
  console.log('wrote src/api/schema.ts')
}
