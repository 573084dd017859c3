// Goal: no way of using what the SDK observes makes it grow without bound. Method: each pattern for
// 25,000 steps, more than is followed of anything, in a process that can collect on demand;
// `npm run bench -- soak` runs a million.
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const steps = Number(process.env['WAYWARD_SOAK_STEPS'] ?? 25_000)
/** Of a hundred thousand and more. Of so few steps less is kept, so that growth is seen. */
const mebibytesMax = steps > 25_000 ? 64 : 40

test('the SDK keeps little for what never ends', () => {
  const module = fileURLToPath(new URL('../dist/bench/soak.js', import.meta.url))
  const program = `const { soak } = await import(${JSON.stringify(module)})
    console.log(JSON.stringify(await soak(${steps})))`
  const args = ['--expose-gc', '--max-old-space-size=1024', '--input-type=module', '-e', program]
  const { stdout, stderr, status } = spawnSync(process.execPath, args, { encoding: 'utf8' })
  expect(stderr).toBe('')
  expect(status).toBe(0)
  const figures = JSON.parse(stdout) as { readonly name: string; readonly value: number }[]
  expect(figures.length).toBeGreaterThan(10)
  expect(figures.filter(({ value }) => value > mebibytesMax)).toEqual([])
}, 900_000)
