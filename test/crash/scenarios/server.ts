// The scenarios in which the collector inserts into another ClickHouse than its own engine.
import { setTimeout as sleep } from 'node:timers/promises'
import { startTestEngine, type TestEngine } from '../../harness/engine.ts'
import { createRandom } from '../../collector/decode/random.ts'
import { type ClickhouseProxy, startClickhouseProxy } from '../clickhouse-proxy.ts'
import { type RunParts, type RunResult, type RunSettings, runUnderLoad } from '../run.ts'

export interface ServerParts extends RunParts {
  readonly engine: TestEngine
  readonly proxy: ClickhouseProxy
}

/** Runs the service with `--clickhouse-url` on a proxy before an engine of the test's own. */
export async function runOnServer(
  settings: RunSettings,
  disturb: (parts: ServerParts) => Promise<void>,
): Promise<RunResult> {
  const engine = await startTestEngine()
  const proxy = await startClickhouseProxy(
    Number(new URL(engine.url).port),
    createRandom(settings.seed + 1),
  )
  const url = `http://wayward_writer:${engine.writerToken}@127.0.0.1:${proxy.port}/wayward`
  try {
    return await runUnderLoad(settings, (parts) => disturb({ ...parts, engine, proxy }), {
      serveArgs: ['--clickhouse-url', url],
      store: engine.reader,
    })
  } finally {
    proxy.close()
    await engine.shutdown()
  }
}

/**
 * Waits until the service's log, from a place on, has a line that fits. @returns whether it came
 */
export async function waitForLog(
  readLog: () => string,
  pattern: RegExp,
  timeoutMs: number,
): Promise<boolean> {
  const endMs = Date.now() + timeoutMs
  while (!pattern.test(readLog())) {
    if (Date.now() > endMs) return false
    await sleep(50)
  }
  return true
}
