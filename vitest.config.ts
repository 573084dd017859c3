import { defineConfig } from 'vitest/config'

// Packages resolve to their TypeScript source (the condition every package.json here declares), so
// a failing test points at the line that was written. What spawns processes uses the built files.
const conditions = ['wayward-source', 'node', 'import', 'default']

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    include: ['test/**/*.test.ts'],
    pool: 'forks',
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
