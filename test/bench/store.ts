// What the tables, views and indexes cost per span, and how long the analyzers take
// (docs/decisions/0003-tables-and-views.md).
import { runAnalyzer } from '@wayward/analyzers'
import { migrate } from '@wayward/clickhouse'
import { startTestEngine, type TestEngine } from '../harness/engine.ts'
import type { Bench, Figure } from './bench.ts'
import { compareWithStock } from './stock-comparison.ts'

const sizes = {
  tiny: { blockSpans: 1000, blocks: 1, repeats: 1, stock: { blocks: 2, requests: 2, holds: 500 } },
  full: {
    blockSpans: 100_000,
    blocks: 10,
    repeats: 4,
    stock: { blocks: 16, requests: 64, holds: 32_768 },
  },
}

// A foreign span has 8 attributes, a lock hold or wait has Wayward's; both have a resource of 8.
const resource = `map('service.name', 'shop', 'service.instance.id', 'a1b2', 'host.name', 'box', 'process.pid', '4242',
  'wayward.session.id', '0d1f8a52-5a58-4d0c-9d2c-2f0f1f6f3f11', 'process.runtime.name', 'nodejs',
  'process.runtime.version', '20.20.2', 'os.type', 'linux')`
const kinds = {
  foreign: `map('http.request.method', 'GET', 'http.route', '/cart/:id', 'url.path', concat('/cart/', toString(number)),
    'http.response.status_code', '200', 'server.address', 'localhost', 'user.id', toString(number % 10000),
    'thread.id', '0', 'network.peer.port', toString(number % 60000))`,
  lock_hold: `map('wayward.kind', 'lock_hold', 'wayward.event.sequence', toString(number), 'thread.id', '0',
    'thread.name', 'main', 'wayward.task.id', toString(number % 1000), 'wayward.lock.id', '42:17',
    'wayward.lock.name', 'inventory', 'wayward.lock.type', 'mutex', 'wayward.lock.mode', 'exclusive',
    'wayward.lock.wait.duration', toString(number % 7000), 'wayward.lock.contended', 'true',
    'wayward.lock.depth', '1', 'wayward.lock.waiter.count', '3', 'wayward.lock.held', '[]')`,
  lock_wait: `map('wayward.kind', 'lock_wait', 'wayward.event.sequence', toString(number), 'thread.id', '0',
    'thread.name', 'main', 'wayward.task.id', toString(number % 1000), 'wayward.lock.id', '42:17',
    'wayward.lock.name', 'inventory', 'wayward.lock.type', 'mutex', 'wayward.lock.wait.result', 'granted')`,
}

export const storeBench: Bench = {
  name: 'store',
  async run(size) {
    const { blockSpans, blocks, repeats, stock } = sizes[size]
    const engine = await startTestEngine()
    try {
      await migrate(engine.writer)
      const figures: Figure[] = []
      for (const kind of ['foreign', 'lock_hold', 'lock_wait'] as const) {
        const block = await makeBlock(engine, kind, blockSpans)
        const ms = await fastest(repeats, (i) => insert(engine, block, `${kind}-${i}`))
        figures.push({
          name: `insert, ${kind} spans, one block of ${blockSpans}`,
          value: (blockSpans / ms) * 1000,
          unit: 'spans/s',
        })
        for (let i = repeats; i < blocks; i++) await insert(engine, block, `${kind}-${i}`)
      }
      const ms = await fastest(repeats, async () => {
        await runAnalyzer(engine.reader, 'lock-contention')
      })
      const holds = blockSpans * Math.max(blocks, repeats)
      figures.push({
        name: `lock-contention, ${holds} holds, as many waits`,
        value: ms,
        unit: 'ms',
      })
      const holdBlocks: Uint8Array[] = []
      for (let i = 0; i < stock.blocks; i++) {
        const block = await makeBlock(engine, 'lock_hold', stock.holds, i * stock.holds)
        holdBlocks.push(Buffer.concat(block))
      }
      figures.push(
        ...(await compareWithStock(engine, {
          blocks: stock.blocks,
          requestsPerBlock: stock.requests,
          otherBlocks: [{ name: 'spans of lock holds', rows: stock.holds, blocks: holdBlocks }],
        })),
      )
      return figures
    } finally {
      await engine.shutdown()
    }
  },
}

async function insert(engine: TestEngine, block: Uint8Array[], token: string): Promise<void> {
  const outcome = await engine.writer.insertNative('otel_traces', block, token)
  if (outcome.status !== 'inserted') throw outcome.error
}

async function fastest(repeats: number, work: (i: number) => Promise<void>): Promise<number> {
  let best = Number.POSITIVE_INFINITY
  for (let i = 0; i < repeats; i++) {
    const start = performance.now()
    await work(i)
    best = Math.min(best, performance.now() - start)
  }
  return best
}

async function makeBlock(
  engine: TestEngine,
  kind: keyof typeof kinds,
  count: number,
  first = 0,
): Promise<Uint8Array[]> {
  const type = 'Map(LowCardinality(String), String)'
  const stream = await engine.writer.queryRaw(
    `SELECT
       toDateTime64('2026-11-21 06:00:00', 9, 'UTC') + toIntervalMicrosecond(number * 16) AS Timestamp,
       lower(hex(sipHash128(intDiv(number, 8)))) AS TraceId,
       lower(hex(sipHash64(number))) AS SpanId,
       lower(hex(sipHash64(number - 1))) AS ParentSpanId,
       toLowCardinality(['GET /cart', 'checkout', 'SELECT', 'publish'][number % 4 + 1]) AS SpanName,
       toLowCardinality('Internal') AS SpanKind,
       toLowCardinality('shop') AS ServiceName,
       CAST(${resource}, '${type}') AS ResourceAttributes,
       CAST(${kinds[kind]}, '${type}') AS SpanAttributes,
       toUInt64(sipHash64(number, 1) % 5000000) AS Duration,
       toLowCardinality('Unset') AS StatusCode
     FROM numbers({first:UInt64}, {count:UInt64})
     SETTINGS max_block_size = 1000000, max_threads = 1`,
    'Native',
    { first, count },
  )
  const chunks: Uint8Array[] = []
  for await (const chunk of stream) chunks.push(chunk)
  return chunks
}
