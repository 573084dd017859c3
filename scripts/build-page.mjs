// Builds the page of web/page into web/dist/page, where its sources are newer than what was built.
import { copyFileSync, existsSync, readdirSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const from = join(root, 'web', 'page')
const to = join(root, 'web', 'dist', 'page')

if (isStale()) await buildPage()

function isStale() {
  const built = join(to, 'page.js')
  const newest = Math.max(
    ...readdirSync(from, { recursive: true }).map((name) => statSync(join(from, name)).mtimeMs),
    statSync(fileURLToPath(import.meta.url)).mtimeMs,
  )
  return !existsSync(built) || statSync(built).mtimeMs < newest
}

/** One script, one style sheet and what is copied as it is. */
async function buildPage() {
  const { build } = await import('vite')
  await build({
    root: from,
    configFile: false,
    logLevel: 'warn',
    publicDir: false,
    esbuild: { jsx: 'automatic', jsxImportSource: 'preact' },
    build: {
      outDir: to,
      emptyOutDir: true,
      target: 'es2022',
      modulePreload: false,
      lib: { entry: join(from, 'main.tsx'), formats: ['es'], fileName: () => 'page.js' },
    },
    define: { 'process.env.NODE_ENV': '"production"' },
  })
  for (const name of ['index.html', 'icon.svg', 'page.css']) {
    copyFileSync(join(from, name), join(to, name))
  }
}
