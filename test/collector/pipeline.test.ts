import { setTimeout as sleep } from 'node:timers/promises'
import type { InsertOutcome } from '@wayward/clickhouse'
import { type CollectorLimits, defaultCollectorLimits } from '@wayward/collector'
import type { OpenBlock, SignalDecoder } from '@wayward/collector/decode/decoder'
import type { Signal } from '@wayward/collector/consumer'
import { createPipeline, type Pipeline } from '@wayward/collector/pipeline'
import { createTelemetry } from '@wayward/collector/telemetry'
import { describe, expect, test } from 'vitest'
import { readMetric } from './receiver-harness.ts'

/**
 * A decoder for which every byte of a request is a row; `!` makes a request malformed, `#` makes it throw. With
 * several tables, a digit is a row of the table with this number, everything else of the first.
 */
function createByteDecoder(...tables: [string, ...string[]]): SignalDecoder {
  const [first, ...others] = tables
  const blocks: [ByteBlock, ...ByteBlock[]] = [
    new ByteBlock(first),
    ...others.map((table) => new ByteBlock(table)),
  ]
  return {
    blocks,
    decode(_encoding, body) {
      const text = Buffer.from(body).toString()
      if (text.includes('!')) return { status: 'malformed', message: 'Exclaims' }
      for (const byte of text) (blocks[Number(byte)] ?? blocks[0]).append(byte)
      if (text.includes('#')) throw new Error('A bug')
      const rejectedItems = text.startsWith('-') ? 1 : 0
      const message = rejectedItems > 0 ? 'Dashes' : ''
      return { status: 'decoded', acceptedItems: body.length, rejectedItems, message }
    },
  }
}

class ByteBlock implements OpenBlock {
  readonly table: string
  private text = ''

  constructor(table: string) {
    this.table = table
  }

  get rows(): number {
    return this.text.length
  }

  get days(): number {
    return this.text.length
  }

  get bytes(): number {
    return this.text.length
  }

  append(byte: string): void {
    this.text += byte
  }

  take(): Uint8Array[] {
    const chunk = Buffer.from(this.text)
    this.text = ''
    return [chunk]
  }
}

interface Insert {
  readonly table: string
  readonly text: string
  readonly token: string
}

interface Harness {
  readonly pipeline: Pipeline
  readonly inserts: Insert[]
  /** Outcomes of the next inserts; afterwards every one succeeds. */
  readonly outcomes: InsertOutcome[]
  readonly logged: string[]
  /** Milliseconds that an insert takes. */
  insertMs: number
  readonly metric: (line: string) => number
  /** Outcomes of inserts into some tables, for good. */
  readonly outcomesByTable: Map<string, InsertOutcome>
  readonly consume: (text: string, signal?: Signal) => ReturnType<Pipeline['consume']>
}

function createHarness(limits: Partial<CollectorLimits> = {}): Harness {
  const inserts: Insert[] = []
  const outcomes: InsertOutcome[] = []
  const outcomesByTable = new Map<string, InsertOutcome>()
  const logged: string[] = []
  const log = (message: string): void => void logged.push(message)
  const telemetry = createTelemetry()
  const pipeline = createPipeline({
    decoders: {
      traces: createByteDecoder('otel_traces'),
      logs: createByteDecoder('otel_logs'),
      metrics: createByteDecoder('gauge', 'sum', 'histogram'),
    },
    store: {
      async insertNative(table, chunks, token) {
        inserts.push({ table, text: Buffer.concat(chunks).toString(), token })
        await sleep(harness.insertMs)
        return outcomesByTable.get(table) ?? outcomes.shift() ?? { status: 'inserted' }
      },
    },
    telemetry,
    logger: { info: log, warn: log, error: log },
    limits: { ...defaultCollectorLimits, ...limits },
  })
  const harness: Harness = {
    pipeline,
    inserts,
    outcomes,
    outcomesByTable,
    logged,
    insertMs: 20,
    metric: (line) => readMetric(telemetry.metrics.render(), line),
    consume: (text, signal = 'traces') =>
      pipeline.consume({
        signal,
        encoding: 'protobuf',
        body: Buffer.from(text),
        sender: { receiver: 'otlp_grpc', address: '127.0.0.1', agent: '', identity: '' },
        isSenderGone: () => false,
      }),
  }
  return harness
}

const retryable: InsertOutcome = { status: 'retryable', error: new Error('Down') }
const failed: InsertOutcome = { status: 'failed', error: new Error('No such table') }

describe('consume()', () => {
  test('answers when the rows are inserted', async () => {
    const { consume, inserts, metric } = createHarness()
    expect(await consume('-ab')).toEqual({
      status: 'accepted',
      acceptedItems: 3,
      rejectedItems: 1,
      message: 'Dashes',
    })
    expect(inserts).toMatchObject([{ table: 'otel_traces', text: '-ab' }])
    expect(metric('wayward_inserted_items_total{table="otel_traces"}')).toBe(3)
    expect(metric('wayward_insert_duration_seconds_count{table="otel_traces"}')).toBe(1)
    expect(metric('wayward_waiting_requests{signal="traces"}')).toBe(0)
  })

  test('inserts a lone request at once', async () => {
    const { consume } = createHarness()
    const startMs = performance.now()
    await consume('a')
    expect(performance.now() - startMs).toBeLessThan(150)
  })

  test('lets requests that come during an insert share the next', async () => {
    const { consume, inserts } = createHarness()
    const first = consume('a')
    await sleep(10)
    await Promise.all([first, consume('b'), consume('c'), consume('d'), consume('x', 'logs')])
    expect(inserts.map(({ text }) => text).toSorted()).toEqual(['a', 'bcd', 'x'])
    expect(new Set(inserts.map(({ token }) => token)).size).toBe(3)
  })

  test('closes a block at its limit of rows, without losing the order', async () => {
    const { consume, inserts } = createHarness({ blockRowsMax: 4, blockRowsEnough: 4 })
    const texts = Array.from({ length: 10 }, (_, index) => `${index}a`)
    await Promise.all(texts.map((text) => consume(text)))
    expect(inserts.map(({ text }) => text).join('')).toBe(texts.join(''))
    expect(Math.max(...inserts.map(({ text }) => text.length))).toBe(4)
  })

  test('closes a block of many days, because each is a part of its own', async () => {
    const { consume, inserts } = createHarness({ blockDaysMax: 2 })
    const first = consume('a')
    await sleep(5)
    await Promise.all([first, ...['b', 'c', 'd', 'e'].map((text) => consume(text))])
    expect(inserts.map(({ text }) => text)).toEqual(['a', 'bc', 'de'])
  })

  test('refuses malformed requests and keeps the others of the block', async () => {
    const { consume, inserts } = createHarness()
    const outcomes = await Promise.all([consume('a'), consume('b!'), consume('c')])
    expect(outcomes.map(({ status }) => status)).toEqual(['accepted', 'malformed', 'accepted'])
    expect(inserts.map(({ text }) => text)).toEqual(['ac'])
  })

  test('answers an empty request without an insert', async () => {
    const { consume, inserts } = createHarness()
    expect(await consume('')).toMatchObject({ status: 'accepted', acceptedItems: 0 })
    expect(inserts).toEqual([])
  })

  test('gives the block back when the decoder has a bug', async () => {
    const { consume, inserts, logged } = createHarness()
    const outcomes = await Promise.all([consume('a'), consume('#')])
    expect(outcomes.map(({ status }) => status)).toEqual(['overloaded', 'malformed'])
    expect(logged).toHaveLength(1)
    expect(await consume('b')).toMatchObject({ status: 'accepted' })
    expect(inserts.map(({ text }) => text)).toEqual(['b'])
  })
})

describe('an insert that does not succeed', () => {
  test('is tried again with the same token', async () => {
    const { consume, inserts, outcomes, logged } = createHarness()
    outcomes.push(retryable, retryable)
    expect(await consume('a')).toMatchObject({ status: 'accepted' })
    expect(inserts).toHaveLength(3)
    expect(new Set(inserts.map(({ token }) => token)).size).toBe(1)
    expect(logged).toHaveLength(1)
  })

  test('ends as overloaded when the tries are used up', async () => {
    const { consume, inserts, outcomes, metric } = createHarness({ insertAttemptsMax: 2 })
    outcomes.push(retryable, retryable)
    expect(await consume('a')).toMatchObject({
      status: 'overloaded',
      retryAfterMs: 1000,
      message: expect.stringContaining('Down'),
    })
    expect(inserts).toHaveLength(2)
    expect(metric('wayward_inserts_total{table="otel_traces",status="retryable"}')).toBe(2)
    expect(await consume('b')).toMatchObject({ status: 'accepted' })
  })

  test('is not tried again when ClickHouse will never take it, and nothing was accepted', async () => {
    const { consume, inserts, outcomes, logged } = createHarness()
    outcomes.push(failed)
    expect(await consume('a')).toMatchObject({
      status: 'overloaded',
      message: expect.stringContaining('No such table'),
    })
    expect(inserts).toHaveLength(1)
    expect(logged).toHaveLength(1)
  })
})

describe('a signal with several tables', () => {
  test('has one insert per table, and answers a request when all its rows are inserted', async () => {
    const { consume, inserts, metric } = createHarness()
    expect(await consume('0112', 'metrics')).toMatchObject({ status: 'accepted', acceptedItems: 4 })
    const rows = inserts.map(({ table, text }) => `${table} ${text}`)
    expect(rows.toSorted()).toEqual(['gauge 0', 'histogram 2', 'sum 11'])
    expect(new Set(inserts.map(({ token }) => token)).size).toBe(3)
    expect(metric('wayward_inserted_items_total{table="sum"}')).toBe(2)
    expect(metric('wayward_open_block_rows{table="sum"}')).toBe(0)
    expect(metric('wayward_waiting_requests{signal="metrics"}')).toBe(0)
    expect(await consume('1', 'metrics')).toMatchObject({ status: 'accepted' })
    expect(inserts).toHaveLength(4)
  })

  test('tells only those to try again whose rows a table did not take', async () => {
    const { consume, outcomesByTable } = createHarness()
    outcomesByTable.set('sum', failed)
    const outcomes = await Promise.all([
      consume('0', 'metrics'),
      consume('012', 'metrics'),
      consume('2', 'metrics'),
    ])
    expect(outcomes).toMatchObject([
      { status: 'accepted' },
      { status: 'overloaded', message: expect.stringContaining('No such table') },
      { status: 'accepted' },
    ])
  })

  test('gives all its blocks back when the decoder has a bug', async () => {
    const { consume, inserts } = createHarness()
    const requests = [consume('1', 'metrics'), consume('2', 'metrics'), consume('0#', 'metrics')]
    const outcomes = await Promise.all(requests)
    expect(outcomes.map(({ status }) => status)).toEqual(['overloaded', 'overloaded', 'malformed'])
    expect(inserts).toEqual([])
    expect(await consume('12', 'metrics')).toMatchObject({ status: 'accepted' })
    expect(inserts.map(({ text }) => text).toSorted()).toEqual(['1', '2'])
  })

  test('is drained as a whole', async () => {
    const { consume, pipeline } = createHarness()
    const received = Promise.all(['0', '1', '2', '012'].map((text) => consume(text, 'metrics')))
    await pipeline.shutdown(2_000)
    expect((await received).map(({ status }) => status)).toEqual(
      Array.from({ length: 4 }, () => 'accepted'),
    )
  })
})

describe('bounds', () => {
  test('refuses with a measured hint when too many bytes are in flight, and recovers', async () => {
    const harness = createHarness({ blockBytesInFlightMax: 100 })
    await harness.consume('x'.repeat(50))
    harness.insertMs = 200
    const first = harness.consume('x'.repeat(90))
    const refused = await harness.consume('y'.repeat(20))
    expect(refused).toMatchObject({ status: 'overloaded' })
    expect(refused).toHaveProperty('retryAfterMs', expect.any(Number))
    if (refused.status === 'overloaded') expect(refused.retryAfterMs).toBeLessThan(1000)
    expect(await first).toMatchObject({ status: 'accepted' })
    expect(await harness.consume('y'.repeat(20))).toMatchObject({ status: 'accepted' })
  })

  test('takes one request of any size when it is idle', async () => {
    const { consume } = createHarness({ blockBytesInFlightMax: 100 })
    expect(await consume('x'.repeat(500))).toMatchObject({ status: 'accepted' })
  })

  test('refuses when too many requests wait', async () => {
    const { consume } = createHarness({ waitingRequestsMax: 3 })
    const outcomes = await Promise.all(['a', 'b', 'c', 'd'].map((text) => consume(text)))
    expect(outcomes.map(({ status }) => status)).toEqual([
      'accepted',
      'accepted',
      'accepted',
      'overloaded',
    ])
  })
})

describe('shutdown()', () => {
  test('inserts and answers what was received, and refuses what comes later', async () => {
    const { consume, pipeline, inserts } = createHarness({ blockRowsMax: 2 })
    const received = Promise.all(['a', 'b', 'c', 'd', 'e'].map((text) => consume(text)))
    await pipeline.shutdown(2_000)
    expect((await received).map(({ status }) => status)).toEqual(
      Array.from({ length: 5 }, () => 'accepted'),
    )
    expect(inserts.map(({ text }) => text).join('')).toBe('abcde')
    expect(await consume('f')).toMatchObject({ status: 'overloaded' })
  })

  test('has answered everybody at its deadline', async () => {
    const harness = createHarness()
    harness.insertMs = 60_000
    const received = [harness.consume('a'), harness.consume('b')]
    await sleep(20)
    received.push(harness.consume('c'))
    const startMs = performance.now()
    await harness.pipeline.shutdown(100)
    expect(performance.now() - startMs).toBeLessThan(1_000)
    const outcomes = await Promise.all(received)
    expect(new Set(outcomes.map(({ status }) => status))).toEqual(new Set(['overloaded']))
  })

  test('is safe without any request, and twice', async () => {
    const { pipeline } = createHarness()
    await pipeline.shutdown(1_000)
    await pipeline.shutdown(1_000)
  })
})
