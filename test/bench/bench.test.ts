import { readdirSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import type { Bench } from './bench.ts'

const files = readdirSync(new URL('.', import.meta.url)).filter((name) => name.endsWith('.ts'))
const modules: Record<string, unknown>[] = await Promise.all(
  files
    .filter((name) => !name.endsWith('.test.ts'))
    .map((name) => import(new URL(name, import.meta.url).href)),
)

function isBench(value: unknown): value is Bench {
  return typeof value === 'object' && value !== null && 'run' in value && 'name' in value
}

const benches = modules.flatMap((module) => Object.values(module).filter(isBench))

// Every benchmark runs tiny here, so that it cannot rot; its speed is nobody's business in a test.
describe('benchmarks', () => {
  test.each(benches)(
    '$name runs at size tiny and gives finite figures',
    async (bench) => {
      const figures = await bench.run('tiny')
      expect(figures.length).toBeGreaterThan(0)
      expect(figures.filter((figure) => !Number.isFinite(figure.value))).toEqual([])
    },
    300_000,
  )
})
