// Goal: `wayward analyze deadlock --watch` tells a deadlock within 3 s of its beginning. Method: a
// real process with the SDK whose tasks wait for each other, a collector, and the built command.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { runAnalyzer } from '@wayward/analyzers'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { startTestService, type TestService } from '../collector/test-service.ts'
import { runWayward, temporaryFolder } from './wayward-process.ts'

vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 })

const folder = temporaryFolder()
let service: TestService

beforeAll(async () => {
  service = await startTestService()
})

afterAll(async () => {
  folder.remove()
  await service.shutdown()
})

function startDeadlock(): ReturnType<typeof spawn> {
  const args = ['--import', '@wayward/sdk/register', 'watched-deadlock-app.mjs']
  return spawn(process.execPath, args, {
    cwd: fileURLToPath(new URL('../sdk/programs/', import.meta.url)),
    env: {
      PATH: process.env['PATH'],
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://${service.addresses.otlpGrpc}`,
      OTEL_SERVICE_NAME: 'shop',
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
}

/** How long a question takes. */
async function askOnce(): Promise<number> {
  const startMs = performance.now()
  await runAnalyzer(service.engine.reader, 'deadlock', {})
  return performance.now() - startMs
}

test('analyze deadlock --watch tells a deadlock within 3 s', async () => {
  // Where the machine is busy with other things, a question takes longer than planned.
  const beforeMs = await askOnce()
  let begunMs = 0
  let toldMs = 0
  const plant = async (stop: () => void): Promise<void> => {
    const app = startDeadlock()
    try {
      const [line] = (await once(app.stdout ?? app, 'data')) as [Buffer]
      begunMs = Number(line.toString())
      await vi.waitFor(() => expect(toldMs).toBeGreaterThan(0), { timeout: 60_000 })
    } finally {
      app.kill()
      stop()
    }
  }
  let planting: Promise<void> | undefined
  const watched = await runWayward(
    ['analyze', 'deadlock', '--watch', '--url', service.engine.url],
    {
      cwd: folder.path,
      onStart: (child) => {
        let text = ''
        child.stdout?.on('data', (chunk: Buffer) => {
          text += chunk.toString()
          // Planted when the first answer has come, which is that there is none.
          planting ??= plant(() => child.kill('SIGINT'))
          if (toldMs === 0 && text.includes('deadlocked')) toldMs = Date.now()
        })
      },
    },
  )
  await planting
  expect(watched.stdout).toMatch(/shop[^]*deadlocked/)
  const slowestMs = Math.max(beforeMs, await askOnce())
  expect(toldMs - begunMs).toBeLessThan(Math.max(3000, 10 * slowestMs))
  expect(watched.code).toBe(0)
})
