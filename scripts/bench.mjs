// `npm run bench [name ...]`: runs the benchmarks of test/bench one after another at full size and
// prints their figures. The test run runs each at size "tiny", so that none can rot.
import { readdirSync } from 'node:fs'
import { cpus, totalmem } from 'node:os'
import { join } from 'node:path'
import { root, run } from './install-and-build.mjs'

run(join(root, 'node_modules', '.bin', 'tsc'), ['-b', join(root, 'test')])
const wanted = process.argv.slice(2)
const folder = join(root, 'test', 'dist', 'bench')
const benches = []
for (const file of readdirSync(folder)
  .filter((name) => name.endsWith('.js') && !name.endsWith('.test.js'))
  .toSorted()) {
  const module = await import(join(folder, file))
  for (const value of Object.values(module)) {
    if (typeof value === 'object' && value !== null && typeof value.run === 'function')
      benches.push(value)
  }
}
const chosen = benches.filter((bench) => wanted.length === 0 || wanted.includes(bench.name))
if (chosen.length === 0) {
  console.error(
    `No benchmark is named ${wanted.join(', ')}; wanted: ${benches.map((bench) => bench.name).join(', ')}`,
  )
  process.exit(2)
}
console.log(
  `node ${process.version}, ${cpus().length} x ${cpus()[0]?.model}, ${Math.round(totalmem() / 2 ** 30)} GiB`,
)
for (const bench of chosen) {
  // As a table of Markdown, for docs/performance.md.
  console.log(`\n${bench.name}\n\n| ${'figure'.padEnd(60)} | value |\n| ${'-'.repeat(60)} | --- |`)
  for (const { name, value, unit } of await bench.run('full')) {
    const digits = Math.abs(value) >= 100 ? 0 : 2
    const text = value.toLocaleString('en-US', { maximumFractionDigits: digits })
    console.log(`| ${name.padEnd(60)} | ${text} ${unit} |`)
  }
}
