// Writes the generated pages of settings, limits and metrics: part of `npm run generate`. The test
// calls `generate()` and compares.
import { writeFileSync } from 'node:fs'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { controlOpenApi } from '@wayward/collector/receivers/control/control-routes'
import { jobsOpenApi } from '@wayward/collector/receivers/jobs/openapi'
import { limitsPage } from './configuration/limits-page.ts'
import { metricsPage } from './configuration/metrics-page.ts'
import { configurationPage } from './configuration/reference-page.ts'

/** One generated file: where it belongs, from the repository's root, and its text. */
export interface GeneratedFile {
  readonly path: string
  readonly text: string
}

export function generate(): GeneratedFile[] {
  return [
    { path: 'docs/configuration.md', text: configurationPage() },
    { path: 'docs/reference/limits.md', text: limitsPage() },
    { path: 'docs/reference/metrics.md', text: metricsPage() },
    { path: 'docs/reference/control-openapi.json', text: controlOpenApi() },
    { path: 'docs/reference/jobs-openapi.json', text: jobsOpenApi() },
  ]
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const root = new URL('../../', import.meta.url)
  for (const file of generate()) {
    writeFileSync(fileURLToPath(new URL(file.path, root)), file.text)
    process.stdout.write(`Wrote ${file.path}\n`)
  }
}
