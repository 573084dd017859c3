import { readdirSync } from 'node:fs'
import type { Histogram, ValueReader } from './metrics.ts'
import type { Observe } from './observe.ts'

const probeIntervalMs = 100

/**
 * What the collector process takes. These names are conventions of Prometheus' clients and not ours
 * to choose.
 */
export function observeProcess(observe: Observe): void {
  const startSeconds = Math.round(Date.now() / 1000 - process.uptime())
  observe(
    'residentMemory',
    single(() => process.memoryUsage.rss()),
  )
  observe(
    'cpuSeconds',
    single(() => {
      const { user, system } = process.cpuUsage()
      return (user + system) / 1e6
    }),
  )
  observe(
    'startTime',
    single(() => startSeconds),
  )
  observe(
    'heapUsed',
    single(() => process.memoryUsage().heapUsed),
  )
  observe(
    'externalMemory',
    single(() => process.memoryUsage().external),
  )
  observe('openFiles', () => {
    const count = countOpenFiles()
    return count === undefined ? [] : [{ labelValues: [], value: count }]
  })
}

/**
 * Measures how late timers run. A histogram of our own can be read by several who scrape, which
 * Node's `monitorEventLoopDelay`, with percentiles since its last reset, cannot.
 *
 * @returns stops it
 */
export function probeEventLoop(histogram: Histogram): () => void {
  let dueMs = performance.now() + probeIntervalMs
  const timer = setInterval(() => {
    const nowMs = performance.now()
    histogram.observe(Math.max(0, nowMs - dueMs) / 1000)
    dueMs = nowMs + probeIntervalMs
  }, probeIntervalMs)
  timer.unref()
  return () => clearInterval(timer)
}

/** A reader of one value without labels. */
export function single(read: () => number): ValueReader {
  return () => [{ labelValues: [], value: read() }]
}

/** Undefined where the system has no such folder. */
function countOpenFiles(): number | undefined {
  try {
    return readdirSync('/proc/self/fd').length
  } catch {
    return undefined
  }
}
