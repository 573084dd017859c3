// Goal: who watches sees every committed row once, in order, or is told what not. Method: blocks of
// a real decoder, fake time, sinks that note what they get.
import { defaultCollectorLimits, type CollectorLimits } from '@wayward/collector'
import { defaultDecodeLimits } from '@wayward/collector/decode/limits'
import { createLogsDecoder } from '@wayward/collector/decode/logs'
import { createFilter } from '@wayward/collector/live/live-filter'
import {
  createLiveStreams,
  type LiveGap,
  type LiveSink,
  type LiveStreams,
} from '@wayward/collector/live/live-streams'
import { describe, expect, test } from 'vitest'
import { createFakeTime, type FakeTime, settle } from '../../harness/fake-time.ts'

interface Noted extends LiveSink {
  readonly ids: string[]
  readonly bodies: string[]
  readonly gaps: LiveGap[]
  missedRows: number
  hasEnded: boolean
}

function createSink(): Noted {
  const sink: Noted = {
    ids: [],
    bodies: [],
    gaps: [],
    missedRows: 0,
    hasEnded: false,
    item(id, text) {
      sink.ids.push(id)
      sink.bodies.push((JSON.parse(text) as { body: string }).body)
    },
    missed(rows) {
      sink.missedRows += rows
    },
    gap(gap) {
      sink.gaps.push(gap)
    },
    end() {
      sink.hasEnded = true
    },
  }
  return sink
}

const decoder = createLogsDecoder(defaultDecodeLimits, () => 1_790_000_000_000)

function blockOf(bodies: readonly string[]): { table: string; rows: number; bytes: Uint8Array } {
  const logRecords = bodies.map((body) => ({ timeUnixNano: '1', body: { stringValue: body } }))
  const request = { resourceLogs: [{ scopeLogs: [{ logRecords }] }] }
  decoder.decode('json', Buffer.from(JSON.stringify(request)))
  const [block] = decoder.blocks
  const bytes = Buffer.concat(block?.take() ?? [])
  return { table: 'otel_logs', rows: bodies.length, bytes }
}

interface Setup {
  readonly streams: LiveStreams
  readonly time: FakeTime
  readonly logged: string[]
}

function setup(limits: Partial<CollectorLimits> = {}, wallMs?: number): Setup {
  const time = createFakeTime(wallMs)
  const logged: string[] = []
  const log = (message: string): void => void logged.push(message)
  const logger = { info: log, warn: log, error: log }
  const streams = createLiveStreams({
    limits: { ...defaultCollectorLimits, ...limits },
    logger,
    time,
  })
  return { streams, time, logged }
}

const everything = createFilter({})
const names = (from: number, to: number): string[] =>
  Array.from({ length: to - from }, (_, i) => `row ${from + i}`)

describe('publish()', () => {
  test('shows each row once, in order, to all who watch', async () => {
    const { streams } = setup()
    const [first, second] = [createSink(), createSink()]
    streams.watch({ filter: everything }, first)
    streams.watch({ filter: createFilter({ where: 'body.endsWith("7")' }) }, second)
    for (let i = 0; i < 10; i++) streams.publish([blockOf(names(i * 10, i * 10 + 10))])
    for (let i = 0; i < 10; i++) await settle()
    expect(first.bodies).toEqual(names(0, 100))
    expect(new Set(first.ids).size).toBe(100)
    expect(second.bodies).toEqual(names(0, 100).filter((name) => name.endsWith('7')))
  })

  test('shows nothing of before, and nothing after the end', async () => {
    const { streams } = setup()
    streams.publish([blockOf(['before'])])
    const sink = createSink()
    const leave = streams.watch({ filter: everything }, sink)
    streams.publish([blockOf(['seen'])])
    await settle()
    leave?.()
    streams.publish([blockOf(['after'])])
    await settle()
    expect(sink.bodies).toEqual(['seen'])
    expect(streams.watchers).toBe(0)
  })

  test('leaves out tables that are not shown', async () => {
    const { streams, logged } = setup()
    const sink = createSink()
    streams.watch({ filter: everything }, sink)
    streams.publish([{ ...blockOf(['own']), table: 'wayward_refusals' }, blockOf(['seen'])])
    await settle()
    expect(sink.bodies).toEqual(['seen'])
    expect(logged).toEqual([])
  })

  test('drops the oldest blocks beyond the bound, and says how many rows', async () => {
    const block = blockOf(names(0, 100))
    const { streams } = setup({ liveBacklogBytesMax: block.bytes.byteLength * 2 })
    const sink = createSink()
    streams.watch({ filter: everything }, sink)
    for (let i = 0; i < 5; i++) streams.publish([blockOf([`first of ${i}`, ...names(1, 100)])])
    for (let i = 0; i < 5; i++) await settle()
    expect(sink.missedRows + sink.bodies.length).toBe(500)
    expect(sink.missedRows).toBeGreaterThanOrEqual(300)
    expect(sink.bodies).toContain('first of 4')
  })

  test('goes on after a block that cannot be read', async () => {
    const { streams, logged } = setup()
    const sink = createSink()
    streams.watch({ filter: everything }, sink)
    streams.publish([{ table: 'otel_logs', rows: 3, bytes: Buffer.of(9, 9, 9) }, blockOf(['good'])])
    for (let i = 0; i < 3; i++) await settle()
    expect(sink.bodies).toEqual(['good'])
    expect(sink.missedRows).toBe(3)
    expect(logged).toHaveLength(1)
  })

  test('takes no more than its share of the time', async () => {
    const time = createFakeTime()
    let workedMs = 0
    const streams = createLiveStreams({
      limits: { ...defaultCollectorLimits, liveTimeShareMax: 10 },
      logger: { info() {}, warn() {}, error() {} },
      time: { ...time, monotonicMs: () => time.monotonicMs() + workedMs },
    })
    let looked = 0
    // Each row takes 2 ms.
    const filter = (): boolean => {
      looked++
      workedMs += 2
      return true
    }
    streams.watch({ filter }, createSink())
    for (let i = 0; i < 20; i++) streams.publish([blockOf(names(0, 64))])
    for (let i = 0; i < 10; i++) await settle()
    // The 100 ms that were saved up, and the rows until the next look at the clock.
    expect(looked).toBeLessThanOrEqual(128)
    const atFirst = looked
    await time.pass(10_000)
    // A tenth of the time that has passed: of the ten seconds, and of the work itself.
    expect((looked - atFirst) * 2).toBeLessThan((10_000 + workedMs) / 10 + 256)
    expect((looked - atFirst) * 2).toBeGreaterThan(500)
  })

  test('refuses more streams than there may be', () => {
    const { streams } = setup({ liveWatchersMax: 2 })
    const leave = streams.watch({ filter: everything }, createSink())
    expect(streams.watch({ filter: everything }, createSink())).toBeDefined()
    expect(streams.watch({ filter: everything }, createSink())).toBeUndefined()
    leave?.()
    expect(streams.watch({ filter: everything }, createSink())).toBeDefined()
  })

  test('close() ends the streams', () => {
    const { streams } = setup()
    const sink = createSink()
    streams.watch({ filter: everything }, sink)
    streams.close()
    expect(sink.hasEnded).toBe(true)
    expect(streams.watchers).toBe(0)
  })
})

describe('a stream that is resumed', () => {
  async function seen(streams: LiveStreams, lastEventId?: string): Promise<Noted> {
    const sink = createSink()
    const request = lastEventId === undefined ? {} : { lastEventId }
    streams.watch({ filter: everything, ...request }, sink)
    for (let i = 0; i < 5; i++) await settle()
    return sink
  }

  test('goes on behind the last item, without a hole and without doubles', async () => {
    const { streams } = setup()
    const other = createSink()
    streams.watch({ filter: everything }, other)
    streams.publish([blockOf(names(0, 10))])
    streams.publish([blockOf(names(10, 20))])
    for (let i = 0; i < 5; i++) await settle()
    for (const at of [0, 9, 10, 15, 19]) {
      const sink = await seen(streams, other.ids[at])
      expect(sink.bodies).toEqual(names(at + 1, 20))
      expect(sink.gaps).toEqual([])
    }
    const last = await seen(streams, other.ids[3])
    streams.publish([blockOf(names(20, 22))])
    for (let i = 0; i < 5; i++) await settle()
    expect(last.bodies).toEqual(names(4, 22))
  })

  test('finds what came while nobody watched, for a while', async () => {
    const { streams, time } = setup({ liveKeptMs: 5_000 })
    const sink = createSink()
    const leave = streams.watch({ filter: everything }, sink)
    streams.publish([blockOf(['one'])])
    await settle()
    leave?.()
    await time.pass(1_000)
    streams.publish([blockOf(['two'])])
    expect((await seen(streams, sink.ids[0])).bodies).toEqual(['two'])
  })

  test('says what is missing when it was too long', async () => {
    const { streams, time } = setup({ liveKeptMs: 5_000 })
    const sink = createSink()
    const leave = streams.watch({ filter: everything }, sink)
    streams.publish([blockOf(['one'])])
    await settle()
    const shownAtMs = time.wallMs()
    leave?.()
    for (let i = 0; i < 4; i++) {
      await time.pass(4_000)
      streams.publish([blockOf([`lost ${i}`])])
    }
    const late = await seen(streams, sink.ids[0])
    expect(late.gaps).toEqual([{ reason: 'not_kept', sinceMs: shownAtMs }])
    streams.publish([blockOf(['now'])])
    await settle()
    expect(late.bodies.at(-1)).toBe('now')
  })

  test('says that the collector was started again', async () => {
    const first = setup({}, 1_790_000_000_000)
    const sink = await seen(first.streams)
    first.streams.publish([blockOf(['one'])])
    await settle()
    const second = setup({}, 1_790_000_100_000)
    const again = await seen(second.streams, sink.ids[0])
    expect(again.gaps).toEqual([{ reason: 'restarted', sinceMs: 1_790_000_000_000 }])
  })

  test.each(['', 'x', '1-2-3', '1-2-3-4-5', 'zzzzzzzzzzz-1-1-zzzzzzzzzzz', '-1-1-1', '٣-1-1-1'])(
    'an id that is none of ours (%j) is a gap',
    async (id) => {
      const { streams } = setup()
      expect((await seen(streams, id)).gaps).toMatchObject([{ reason: 'restarted' }])
    },
  )
})
