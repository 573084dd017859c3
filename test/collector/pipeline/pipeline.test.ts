import { createHash } from 'node:crypto'
import { pause } from '@wayward/base'
import type { InsertOutcome } from '@wayward/clickhouse'
import { type CollectorLimits, defaultCollectorLimits } from '@wayward/collector'
import type { LargeDecoder } from '@wayward/collector/decode/large-decoder'
import type { OpenBlock, SignalDecoder } from '@wayward/collector/decode/decoder'
import type { Signal } from '@wayward/collector/consumer'
import type { Journal, NewBlock } from '@wayward/collector/journal/journal'
import { createMemoryJournal } from '@wayward/collector/journal/memory-journal'
import { createPipeline, type Pipeline } from '@wayward/collector/pipeline/pipeline'
import { createTelemetry } from '@wayward/collector/telemetry/telemetry'
import { describe, expect, test } from 'vitest'
import { createFakeTime, type FakeTime, settle } from '../../harness/fake-time.ts'
import { readMetric } from '../receiver-harness.ts'

/**
 * A decoder for which every byte of a request is a row; `!` makes a request malformed, `#` makes it
 * throw, `?` is a row without a time. With several tables, a digit is a row of the table with this
 * number, everything else of the first.
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
      const usesArrivalTime = text.includes('?')
      const acceptedItems = body.length
      return { status: 'decoded', acceptedItems, rejectedItems, message, usesArrivalTime }
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
  readonly time: FakeTime
  readonly pipeline: Pipeline
  readonly journal: Journal
  readonly inserts: Insert[]
  /** Outcomes of the next inserts; afterwards every one succeeds. */
  readonly outcomes: InsertOutcome[]
  /** Outcomes of inserts of some texts or into some tables, for as long as they are here. */
  readonly lasting: Map<string, InsertOutcome>
  readonly logged: string[]
  /** Milliseconds that an insert takes. */
  insertMs: number
  readonly metric: (line: string) => number
  readonly consume: (text: string, signal?: Signal) => ReturnType<Pipeline['consume']>
  /** Waits until ClickHouse has everything. */
  readonly drained: () => Promise<void>
}

interface HarnessOptions extends Partial<CollectorLimits> {
  readonly journalBytesMax?: number
  /** What the journal still holds when the pipeline begins. */
  readonly before?: readonly NewBlock[]
  readonly isStoreAway?: boolean
  readonly isLargeDecoderFull?: boolean
  /** Stands between the pipeline and its journal. */
  readonly wrap?: (journal: Journal) => Journal
}

/** The journal with some of its members in others' hands. */
function override(journal: Journal, members: Partial<Journal>): Journal {
  return new Proxy(journal, {
    get(target, key) {
      const value: unknown = Reflect.get(key in members ? members : target, key)
      return typeof value === 'function' ? (value.bind(target) as unknown) : value
    },
  })
}

async function createHarness(options: HarnessOptions = {}): Promise<Harness> {
  const inserts: Insert[] = []
  const outcomes: InsertOutcome[] = []
  const lasting = new Map<string, InsertOutcome>()
  const time = createFakeTime()
  const logged: string[] = []
  const log = (message: string): void => void logged.push(message)
  const logger = { info: log, warn: log, error: log }
  const telemetry = createTelemetry()
  const memory = createMemoryJournal({ bytesMax: options.journalBytesMax ?? 2 ** 20 }, { logger })
  const before = await memory.append({ blocks: options.before ?? [], digests: [] })
  const unconfirmed = before.status === 'written' ? [...before.blocks] : []
  const opened: Journal = override(memory, { unconfirmed })
  const journal = options.wrap?.(opened) ?? opened
  const createDecoders = (): Record<Signal, SignalDecoder> => ({
    traces: createByteDecoder('otel_traces'),
    logs: createByteDecoder('otel_logs'),
    metrics: createByteDecoder('gauge', 'sum', 'histogram'),
  })
  // As the thread does it: with a decoder of its own, and some turns later.
  const largeDecoder: LargeDecoder = {
    hasRoom: () => options.isLargeDecoderFull !== true,
    async decode(signal, encoding, body) {
      const decoder = createDecoders()[signal]
      const result = decoder.decode(encoding, body)
      for (let turn = 0; turn < 10; turn++) await settle()
      return { result, blocks: decoder.blocks.filter(({ rows }) => rows > 0) }
    },
    shutdown: () => Promise.resolve(),
  }
  const pipeline = createPipeline({
    decoders: createDecoders(),
    largeDecoder,
    journal,
    store: {
      async insertNative(table, chunks, token) {
        const text = Buffer.concat(chunks).toString()
        inserts.push({ table, text, token })
        await pause(time, harness.insertMs)
        const outcome = lasting.get(text) ?? lasting.get(table)
        return outcome ?? outcomes.shift() ?? { status: 'inserted' }
      },
    },
    telemetry,
    logger,
    time,
    limits: { ...defaultCollectorLimits, insertIntervalMs: 20, insertPauseMsMax: 20, ...options },
  })
  const metric = (line: string): number => readMetric(telemetry.metrics.render(), line)
  const tables = ['otel_traces', 'otel_logs', 'gauge', 'sum', 'histogram']
  const harness: Harness = {
    time,
    pipeline,
    journal,
    inserts,
    outcomes,
    lasting,
    logged,
    insertMs: 20,
    metric,
    consume: (text, signal = 'traces') =>
      pipeline.consume({
        signal,
        encoding: 'protobuf',
        body: Buffer.from(text),
        sender: { receiver: 'otlp_grpc', address: '127.0.0.1', agent: '', identity: '' },
      }),
    async drained() {
      const backlog = (): number =>
        tables.reduce((sum, table) => sum + metric(`wayward_backlog_rows{table="${table}"}`), 0)
      for (let step = 0; step < 1_000 && backlog() > 0; step++) await time.pass(5)
      expect(backlog()).toBe(0)
    },
  }
  if (options.isStoreAway !== true) pipeline.open()
  return harness
}

const retryable: InsertOutcome = { status: 'retryable', error: new Error('Down') }
const failed: InsertOutcome = {
  status: 'failed',
  error: Object.assign(new Error('No such table'), {
    clickhouse: { code: 60, type: 'UNKNOWN_TABLE' },
  }),
}
const accepted = { status: 'accepted' }

describe('consume()', () => {
  test('answers when the rows are in the journal, and inserts them', async () => {
    const { consume, inserts, metric, drained } = await createHarness()
    expect(await consume('-ab')).toEqual({
      status: 'accepted',
      acceptedItems: 3,
      rejectedItems: 1,
      message: 'Dashes',
    })
    expect(metric('wayward_waiting_requests')).toBe(0)
    expect(metric('wayward_backlog_rows{table="otel_traces"}')).toBe(3)
    await drained()
    expect(inserts).toMatchObject([{ table: 'otel_traces', text: '-ab' }])
    expect(metric('wayward_inserted_rows_total{table="otel_traces"}')).toBe(3)
    expect(metric('wayward_insert_duration_seconds_count{table="otel_traces"}')).toBe(1)
    expect(metric('wayward_journal_bytes')).toBe(0)
  })

  test('answers while ClickHouse is away, and inserts when it is there', async () => {
    const { consume, inserts, pipeline, drained } = await createHarness({ isStoreAway: true })
    for (const text of ['a', 'b', 'c']) expect(await consume(text)).toMatchObject(accepted)
    expect(inserts).toEqual([])
    pipeline.open()
    await drained()
    expect(inserts.map(({ text }) => text)).toEqual(['abc'])
  })

  test('lets requests that come during an insert share the next', async () => {
    const { consume, inserts, drained, time } = await createHarness()
    await consume('a')
    await time.pass(10)
    await Promise.all([consume('b'), consume('c'), consume('d'), consume('x', 'logs')])
    await drained()
    expect(inserts.map(({ text }) => text).toSorted()).toEqual(['a', 'bcd', 'x'])
    expect(new Set(inserts.map(({ token }) => token)).size).toBe(3)
  })

  test('leaves an interval between small inserts', async () => {
    const { consume, inserts, drained, time } = await createHarness({ insertIntervalMs: 300 })
    for (let index = 0; index < 10; index++) {
      await consume(String(index))
      await time.pass(10)
    }
    await drained()
    expect(inserts.map(({ text }) => text)).toEqual(['0', '123456789'])
  })

  test('waits for company when much comes, and less where a script waits for the answer', async () => {
    const { consume, pipeline, time } = await createHarness()
    // What is spared at first.
    for (let index = 0; index < 20; index++) await consume(String(index))
    const answered: string[] = []
    const mark = (name: string) => () => void answered.push(name)
    void consume('a').then(mark('a'))
    await time.pass(16)
    expect(answered).toEqual([])
    const sender = { receiver: 'jobs', address: '', agent: '', identity: '' } as const
    const own = { signal: 'logs', encoding: 'protobuf', body: Buffer.from('own'), sender } as const
    void pipeline.consumeTogether([own], []).then(mark('own'))
    await time.pass(1)
    expect(answered.toSorted()).toEqual(['a', 'own'])
    void consume('b').then(mark('b'))
    await time.pass(15)
    expect(answered).not.toContain('b')
    await time.pass(10)
    expect(answered).toContain('b')
  })

  test('closes a batch at its limit of rows, without losing the order', async () => {
    const { consume, inserts, drained } = await createHarness({
      batchRowsMax: 4,
      batchRowsEnough: 4,
    })
    const texts = Array.from({ length: 10 }, (_, index) => `${index}a`)
    for (const text of texts) await consume(text)
    await drained()
    expect(inserts.map(({ text }) => text).join('')).toBe(texts.join(''))
    expect(Math.max(...inserts.map(({ text }) => text.length))).toBe(4)
  })

  test('closes a batch of many days, because each is a part of its own', async () => {
    const { consume, inserts, drained, time } = await createHarness({ batchDaysMax: 6 })
    await consume('a')
    await time.pass(5)
    for (const text of ['bbb', 'ccc', 'ddd', 'eee']) await consume(text)
    await drained()
    expect(inserts.map(({ text }) => text)).toEqual(['a', 'bbbccc', 'dddeee'])
  })

  test('refuses malformed requests and keeps the others of the frame', async () => {
    const { consume, inserts, drained } = await createHarness()
    const outcomes = await Promise.all([consume('a'), consume('b!'), consume('c')])
    expect(outcomes.map(({ status }) => status)).toEqual(['accepted', 'malformed', 'accepted'])
    await drained()
    expect(inserts.map(({ text }) => text)).toEqual(['ac'])
  })

  test('answers an empty request without an insert', async () => {
    const { consume, inserts, time } = await createHarness()
    expect(await consume('')).toMatchObject({ status: 'accepted', acceptedItems: 0 })
    await time.pass(50)
    expect(inserts).toEqual([])
  })

  test('gives the open blocks back when the decoder has a bug', async () => {
    const { consume, inserts, logged, drained } = await createHarness()
    const requests = [consume('1', 'metrics'), consume('l', 'logs'), consume('0#', 'metrics')]
    const outcomes = await Promise.all(requests)
    expect(outcomes.map(({ status }) => status)).toEqual(['unavailable', 'accepted', 'malformed'])
    expect(logged).toHaveLength(1)
    expect(await consume('12', 'metrics')).toMatchObject(accepted)
    await drained()
    expect(inserts.map(({ text }) => text).toSorted()).toEqual(['1', '2', 'l'])
  })

  test('has one insert per table, and one frame for all', async () => {
    const { consume, inserts, journal, metric, drained } = await createHarness()
    expect(await consume('0112', 'metrics')).toMatchObject({ status: 'accepted', acceptedItems: 4 })
    expect(journal.stats().appendedFrames).toBe(2)
    await drained()
    const rows = inserts.map(({ table, text }) => `${table} ${text}`)
    expect(rows.toSorted()).toEqual(['gauge 0', 'histogram 2', 'sum 11'])
    expect(new Set(inserts.map(({ token }) => token)).size).toBe(3)
    expect(metric('wayward_inserted_rows_total{table="sum"}')).toBe(2)
  })
})

describe('a large request', () => {
  const limits = { decodeAtOnceBytesMax: 10 }

  test('is decoded apart, and others are answered meanwhile', async () => {
    const { consume, inserts, drained } = await createHarness(limits)
    const answered: string[] = []
    await Promise.all([
      consume('large'.repeat(5)).then(() => answered.push('large')),
      consume('small').then(() => answered.push('small')),
      consume('0112'.repeat(5), 'metrics'),
    ])
    expect(answered).toEqual(['small', 'large'])
    await drained()
    const traces = inserts.filter(({ table }) => table === 'otel_traces')
    expect(traces.map(({ text }) => text)).toEqual(['small', 'large'.repeat(5)])
    expect(inserts.map(({ table }) => table)).toContain('histogram')
  })

  test('is refused when it is malformed, or too many wait', async () => {
    const { consume } = await createHarness(limits)
    expect(await consume('large!'.repeat(5))).toMatchObject({ status: 'malformed' })
    const full = await createHarness({ ...limits, isLargeDecoderFull: true })
    expect(await full.consume('large'.repeat(5))).toMatchObject({ status: 'overloaded' })
  })

  test('is stored once when it comes again while it is decoded', async () => {
    const { consume, metric, drained, time } = await createHarness(limits)
    const first = consume('lost'.repeat(5))
    await time.pass(5)
    expect(await consume('lost'.repeat(5))).toMatchObject(accepted)
    expect(await first).toMatchObject(accepted)
    await drained()
    expect(metric('wayward_inserted_rows_total{table="otel_traces"}')).toBe(20)
  })
})

describe('an insert that does not succeed', () => {
  test('is tried again with the same token and the same rows', async () => {
    const { consume, inserts, outcomes, logged, drained, time } = await createHarness()
    outcomes.push(retryable, retryable, retryable)
    await consume('a')
    await time.pass(30)
    await consume('b')
    await drained()
    expect(inserts.map(({ text }) => text)).toEqual(['a', 'a', 'a', 'a', 'b'])
    expect(new Set(inserts.map(({ token }) => token)).size).toBe(2)
    expect(logged).toHaveLength(2)
  })

  test('holds the table up until it is cured, in order, and says so', async () => {
    const { consume, inserts, lasting, logged, metric, drained, time } = await createHarness()
    lasting.set('otel_traces', failed)
    for (const text of ['a', 'b', 'c', 'd', 'e', 'f']) {
      await consume(text)
      await time.pass(30)
    }
    await consume('x', 'logs')
    await time.pass(100)
    expect(metric('wayward_inserted_rows_total{table="otel_logs"}')).toBe(1)
    lasting.clear()
    await drained()
    expect(logged[0]).toMatch(/refuses the rows/)
    expect(logged.at(-1)).toMatch(/again/)
    expect(metric('wayward_inserted_rows_total{table="otel_traces"}')).toBe(6)
    const texts = new Map(inserts.map(({ text, token }) => [token, text]))
    expect([...texts.values()].filter((text) => text !== 'x').join('')).toBe('abcdef')
  })

  test('is set aside when the table takes others', async () => {
    const { consume, journal, lasting, logged, metric, drained, time } = await createHarness()
    lasting.set('bad', failed)
    await consume('bad')
    for (let index = 0; index < 12; index++) {
      await time.pass(25)
      await consume(String.fromCharCode(97 + index))
    }
    await drained()
    expect(journal.stats()).toMatchObject({ setAsideRecords: 1, setAsideRows: 3 })
    expect(logged.join('\n')).toMatch(/set aside/)
    expect(metric('wayward_inserted_rows_total{table="otel_traces"}')).toBe(12)
  })

  test('is set aside if its bytes in the journal are damaged, and the others of its batch go in', async () => {
    const { consume, inserts, journal, drained, pipeline } = await createHarness({
      isStoreAway: true,
      wrap: (journal) =>
        override(journal, {
          read: async (block: Parameters<Journal['read']>[0]) =>
            block.rows === 2 ? { status: 'damaged', message: 'Flipped' } : journal.read(block),
        }),
    })
    for (const text of ['a', 'bb', 'c']) await consume(text)
    pipeline.open()
    await drained()
    expect(inserts.map(({ text }) => text)).toEqual(['ac'])
    expect(journal.stats().setAsideRows).toBe(2)
  })
})

describe('what the journal holds at the start', () => {
  const token = (digit: string): string => digit.repeat(32)
  const block = (table: string, text: string, digit: string): NewBlock => ({
    table,
    token: token(digit),
    rows: text.length,
    bytes: Buffer.from(text),
  })

  test('is inserted first, oldest first, with its tokens, and with nothing new among it', async () => {
    const { consume, inserts, drained, pipeline } = await createHarness({
      isStoreAway: true,
      before: [
        block('otel_traces', 'a', '1'),
        block('otel_logs', 'x', '2'),
        block('otel_traces', 'b', '1'),
        block('otel_traces', 'c', '3'),
        block('dropped_table', 'z', '4'),
        block('otel_metrics_exp_histogram', 'e', '5'),
      ],
    })
    await consume('new')
    pipeline.open()
    await drained()
    const traces = inserts.filter(({ table }) => table === 'otel_traces')
    expect(traces.map(({ text }) => text)).toEqual(['ab', 'c', 'new'])
    expect(traces.slice(0, 2).map((insert) => insert.token)).toEqual([token('1'), token('3')])
    expect(inserts).toContainEqual({ table: 'dropped_table', text: 'z', token: token('4') })
    const now = 'otel_metrics_exponential_histogram'
    expect(inserts).toContainEqual({ table: now, text: 'e', token: token('5') })
  })
})

describe('a request that comes again', () => {
  const line = 'wayward_repeated_requests_total{receiver="otlp_grpc",signal="traces"}'

  test('is not stored again, and its sender is told', async () => {
    const { consume, metric, drained } = await createHarness()
    expect(await consume('-same')).toMatchObject({ acceptedItems: 5, message: 'Dashes' })
    const again = { status: 'accepted', acceptedItems: 0, rejectedItems: 0 }
    for (let index = 0; index < 2; index++) {
      expect(await consume('-same')).toMatchObject({
        ...again,
        message: expect.stringContaining('stored once'),
      })
    }
    await drained()
    expect(metric('wayward_inserted_rows_total{table="otel_traces"}')).toBe(5)
    expect(metric(line)).toBe(2)
  })

  test('waits for the first one where that is not safe yet', async () => {
    const { consume, metric, drained } = await createHarness()
    const outcomes = await Promise.all([consume('same'), consume('same')])
    expect(outcomes).toMatchObject([accepted, accepted])
    await drained()
    expect(metric('wayward_inserted_rows_total{table="otel_traces"}')).toBe(4)
  })

  test('is another one as another signal, and after its time', async () => {
    const { consume, metric, drained, time } = await createHarness({ repeatWindowMs: 50 })
    await consume('same')
    await consume('same', 'logs')
    await time.pass(80)
    await consume('same')
    await drained()
    expect(metric('wayward_inserted_rows_total{table="otel_traces"}')).toBe(8)
    expect(metric('wayward_inserted_rows_total{table="otel_logs"}')).toBe(4)
  })

  test('is stored each time where repetitions are not asked for', async () => {
    const { consume, metric, drained } = await createHarness({ repeatWindowMs: 0 })
    await Promise.all([consume('same'), consume('same')])
    await consume('same')
    await drained()
    expect(metric('wayward_inserted_rows_total{table="otel_traces"}')).toBe(12)
  })

  test.each(['tick?', '?'.repeat(100)])(
    'is stored each time where a row has no time of its own (%s)',
    async (text) => {
      const { consume, metric, drained } = await createHarness({ decodeAtOnceBytesMax: 50 })
      const outcomes = await Promise.all([consume(text), consume(text)])
      outcomes.push(await consume(text))
      const all = { status: 'accepted', acceptedItems: text.length, message: '' }
      expect(outcomes).toMatchObject([all, all, all])
      await drained()
      expect(metric('wayward_inserted_rows_total{table="otel_traces"}')).toBe(3 * text.length)
      expect(metric(line)).toBe(0)
    },
  )

  test('is stored where the first one was refused', async () => {
    let isFull = true
    const { consume, metric, drained } = await createHarness({
      wrap: (journal) =>
        override(journal, {
          append: async (frame) =>
            isFull
              ? { status: 'refused', reason: 'disk_full', message: 'The disk is full' }
              : journal.append(frame),
        }),
    })
    expect(await consume('same')).toMatchObject({ status: 'unavailable' })
    isFull = false
    expect(await consume('same')).toMatchObject({ status: 'accepted', acceptedItems: 4 })
    await drained()
    expect(metric('wayward_inserted_rows_total{table="otel_traces"}')).toBe(4)
  })

  test('is recognised after a crash', async () => {
    const recentDigests = [{ digests: createHash('sha1').update('same').digest(), ageMs: 1_000 }]
    const { consume, metric, drained } = await createHarness({
      wrap: (journal) => override(journal, { recentDigests }),
    })
    expect(await consume('same')).toMatchObject(accepted)
    expect(await consume('other')).toMatchObject(accepted)
    await drained()
    expect(metric('wayward_inserted_rows_total{table="otel_traces"}')).toBe(5)
  })
})

describe('bounds', () => {
  test('refuses with a measured hint when the journal is full, and recovers', async () => {
    const harness = await createHarness({ journalBytesMax: 100 })
    await harness.consume('x'.repeat(50))
    await harness.drained()
    harness.insertMs = 200
    expect(await harness.consume('x'.repeat(90))).toMatchObject(accepted)
    const refused = await harness.consume('y'.repeat(20))
    expect(refused).toMatchObject({
      status: 'overloaded',
      message: expect.stringContaining('90 of 100 bytes'),
    })
    if (refused.status === 'overloaded') expect(refused.retryAfterMs).toBeLessThan(2_000)
    await harness.drained()
    expect(await harness.consume('y'.repeat(20))).toMatchObject(accepted)
  })

  test('does not let a table that refuses rows fill the journal for the others', async () => {
    const { consume, lasting, time } = await createHarness({ journalBytesMax: 1_000 })
    lasting.set('otel_logs', failed)
    for (const letter of 'abcdef') await consume(letter.repeat(100), 'logs')
    await time.pass(50)
    expect(await consume('x', 'logs')).toMatchObject({ status: 'overloaded' })
    expect(await consume('x'.repeat(100))).toMatchObject(accepted)
  })

  test('refuses what is decoded faster than it is written, but one request of any size', async () => {
    const { consume } = await createHarness({ openBytesMax: 100 })
    const outcomes = await Promise.all([consume('x'.repeat(500)), consume('y')])
    expect(outcomes).toMatchObject([accepted, { status: 'overloaded' }])
  })

  test('refuses when too many requests wait', async () => {
    const { consume } = await createHarness({ waitingRequestsMax: 3 })
    const outcomes = await Promise.all(['a', 'b', 'c', 'd'].map((text) => consume(text)))
    expect(outcomes.map(({ status }) => status)).toEqual([
      'accepted',
      'accepted',
      'accepted',
      'overloaded',
    ])
  })

  test('keeps nothing of a frame that the disk has no room for', async () => {
    let isFull = true
    const { consume, inserts, drained } = await createHarness({
      wrap: (journal) =>
        override(journal, {
          append: async (frame: Parameters<Journal['append']>[0]) =>
            isFull
              ? { status: 'refused', reason: 'disk_full', message: 'The disk is full' }
              : journal.append(frame),
        }),
    })
    const outcomes = await Promise.all([consume('a'), consume('b', 'logs')])
    expect(outcomes).toMatchObject([{ status: 'unavailable' }, { status: 'unavailable' }])
    isFull = false
    expect(await consume('c')).toMatchObject(accepted)
    await drained()
    expect(inserts.map(({ text }) => text)).toEqual(['c'])
  })
})

describe('shutdown()', () => {
  test('answers and inserts what was received, and refuses what comes later', async () => {
    const { consume, pipeline, inserts, time } = await createHarness({ insertIntervalMs: 60_000 })
    const received = Promise.all(['a', 'b', 'c', 'd', 'e'].map((text) => consume(text)))
    expect(await time.until(pipeline.shutdown(2_000))).toBe(0)
    expect(await received).toMatchObject(Array.from({ length: 5 }, () => accepted))
    expect(inserts.map(({ text }) => text).join('')).toBe('abcde')
    expect(await consume('f')).toMatchObject({ status: 'unavailable' })
  })

  test('ends at its deadline and says how many rows ClickHouse does not have', async () => {
    const harness = await createHarness()
    harness.insertMs = 60_000
    const received = [harness.consume('a'), harness.consume('b')]
    await harness.time.pass(20)
    received.push(harness.consume('c'))
    const startMs = harness.time.monotonicMs()
    expect(await harness.time.until(harness.pipeline.shutdown(100))).toBe(3)
    expect(harness.time.monotonicMs() - startMs).toBe(100)
    expect(await Promise.all(received)).toMatchObject([accepted, accepted, accepted])
  })

  test('does not wait for a table that refuses its rows', async () => {
    const { consume, lasting, pipeline, time } = await createHarness()
    lasting.set('otel_traces', failed)
    await consume('a')
    const startMs = time.monotonicMs()
    expect(await time.until(pipeline.shutdown(5_000))).toBe(1)
    expect(time.monotonicMs() - startMs).toBeLessThan(500)
  })

  test('is safe without any request, and twice', async () => {
    const { pipeline, time } = await createHarness()
    expect(await time.until(pipeline.shutdown(1_000))).toBe(0)
    expect(await time.until(pipeline.shutdown(1_000))).toBe(0)
  })
})
