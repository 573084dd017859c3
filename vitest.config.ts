import { defineConfig } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

// Packages resolve to their TypeScript source (the condition every package.json here declares), so
// a failing test points at the line that was written. What spawns processes uses the built files.
const conditions = ['wayward-source', 'node', 'import', 'default']

/** What takes longest. A fresh clone knows sizes of files only, and some of these are small. */
const longest = [
  'test/bench/bench.test.ts',
  'test/web/page/page.test.ts',
  'test/docs.test.ts',
  'test/e2e/demo.test.ts',
  'test/e2e/serve.test.ts',
  'test/sdk/soak.test.ts',
  'test/analyzers/golden.test.ts',
  'test/analyzers/jobs/job-runs/job-runs.test.ts',
  'test/analyzers/locks/blocked-by/blocked-by.test.ts',
  'test/sdk/loading/loading.test.ts',
  'test/e2e/ended.test.ts',
  'test/clickhouse/deletion/delete-session.test.ts',
  'test/analyzers/healthy.test.ts',
  'test/collector/decode/fuzz.test.ts',
  'test/crash/crash.test.ts',
  'test/e2e/findings.test.ts',
  'test/e2e/clients/stall.test.ts',
]

/** Begins with what takes longest, so that no file runs alone at the end. */
class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification): number => {
      const found = longest.findIndex((path) => moduleId.endsWith(path))
      return found < 0 ? longest.length : found
    }
    // oxlint-disable-next-line unicorn/no-array-sort -- It is no array that sorts.
    const sorted = await super.sort(files)
    return sorted.toSorted((a, b) => rank(a) - rank(b))
  }
}

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    include: ['test/**/*.test.ts'],
    pool: 'forks',
    // Spans are counted, and a busy machine makes pauses; tests of pauses ask for them.
    env: { WAYWARD_PAUSES: 'false' },
    sequence: { sequencer: LongestFirst },
    testTimeout: 120_000,
    hookTimeout: 180_000,
    // One more than the processors of CI's machines: a third of the time tests wait.
    maxWorkers: 3,
    // What is polled for comes when the machine has time.
    expect: { poll: { timeout: 30_000 } },
    // Machines of CI are shared: what passes at a second try was too slow at the first. The default
    // reporter prints that there was one.
    retry: process.env['CI'] === undefined ? 0 : 1,
  },
})
