import { execFileSync } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  createDiskFloor,
  createEngine,
  createStore,
  type DiskFloor,
  type DroppedPartition,
  defaultEngineLimits,
  migrate,
  readFolderFreeBytes,
  readServerFreeBytes,
  type Store,
} from '@wayward/clickhouse'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { startTestStore, type TestEngine } from '../../harness/engine.ts'
import { eventually, recordingLogger, tokenText } from '../engine/running-engine.ts'

const mebibyte = 1024 * 1024
const noon = Date.parse('2026-11-21T12:00:00Z')
const messages: string[] = []
const reported: DroppedPartition[] = []

function floorOf(
  store: Store,
  floorBytes: number,
  readFreeBytes: () => Promise<number>,
): DiskFloor {
  return createDiskFloor(
    { floorBytes, intervalMs: 20 },
    {
      store,
      logger: recordingLogger(messages),
      clock: () => noon,
      readFreeBytes,
      onDropped: (dropped) => reported.push(dropped),
    },
  )
}

afterEach(() => {
  messages.length = 0
  reported.length = 0
})

describe('run() with free space as the test says', () => {
  let engine: TestEngine

  beforeAll(async () => {
    engine = await startTestStore()
  })

  afterAll(async () => {
    await engine.shutdown()
  })

  test('drops whole days over all tables, oldest first, never of today, and reports each', async () => {
    const days = ['2026-11-17', '2026-11-18', '2026-11-19', '2026-11-21', '2026-11-22']
    await engine.insertRows(
      'otel_traces',
      days.map((day) => ({ Timestamp: `${day} 10:00:00`, TraceId: 'a' })),
    )
    await engine.insertRows('otel_logs', [{ Timestamp: '2026-11-16 10:00:00', Body: 'old' }])
    const left = async (): Promise<string> => {
      const rows = await engine.writer.query<{ day: string }>(
        'SELECT toString(toDate(Timestamp)) AS day FROM otel_traces ORDER BY day',
      )
      return rows.map(({ day }) => day.slice(-2)).join(' ')
    }
    // Free space comes back with each day that goes.
    let free = 10
    const floor = floorOf(engine.writer, 30, async () => free)
    const giveBack = (): void => void (free += 10 ** 6)
    free = 100
    expect(await floor.run()).toEqual([])
    free = 10
    const once = floorOf(engine.writer, 30, async () => {
      if (reported.length > 0) giveBack()
      return free
    })
    await once.run()
    expect(reported.map(({ table, partition, rows }) => ({ table, partition, rows }))).toEqual([
      { table: 'otel_logs', partition: '20261116', rows: 1 },
    ])
    expect(reported[0]?.bytes).toBeGreaterThan(0)
    expect(reported[0]?.reason).toContain('--disk-floor')
    expect(messages.join('\n')).toContain('Dropped the oldest day')
    expect(await left()).toBe('17 18 19 21 22')

    // If nothing comes back, each look drops one day, and the last one says that nothing is left.
    free = 10
    const stuck = floorOf(engine.writer, 30, async () => free)
    for (const wanted of ['18 19 21 22', '19 21 22', '21 22', '21 22']) {
      await stuck.run()
      expect(await left()).toBe(wanted)
    }
    expect(messages.join('\n')).toContain('only the rows of today are left')
    expect(stuck.freeBytes).toBe(10)
    // The index of traces had the same days.
    expect(new Set(reported.map(({ table }) => table))).toContain('otel_traces_trace_id_ts')
  })

  test('start() looks again and again, until shutdown()', async () => {
    let looks = 0
    const floor = floorOf(engine.writer, 30, async () => {
      looks += 1
      if (looks === 1) throw new Error('no such disk')
      return 100
    })
    floor.start()
    await eventually('it looked three times', 5000, () => looks >= 3)
    await floor.shutdown()
    const atEnd = looks
    await new Promise((resolve) => setTimeout(resolve, 60))
    expect(looks).toBe(atEnd)
    expect(messages).toEqual(['Cannot see to the free disk'])
  })

  test('a server says how much is free', async () => {
    const free = await readServerFreeBytes(engine.writer)
    expect(free).toBeGreaterThan(0)
    expect(Math.abs(free - (await readFolderFreeBytes(tmpdir())))).toBeLessThan(2 ** 40)
  })
})

// A real disk that gets full: needs the right to mount.
const folder = await mkdtemp(join(tmpdir(), 'wayward-disk-'))
const isMounted = mount(folder)

function mount(path: string): boolean {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=400m', 'tmpfs', path], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

afterAll(async () => {
  if (isMounted) execFileSync('umount', [folder])
  await rm(folder, { recursive: true, force: true })
})

test.skipIf(!isMounted)(
  'on a small disk the space of the oldest days is free again at once (skipped where nothing may be mounted)',
  async () => {
    const engine = createEngine({
      dataDir: folder,
      listen: { host: '127.0.0.1', port: 0 },
      writerToken: tokenText,
      memoryBytesMax: 1_000_000_000,
      limits: defaultEngineLimits,
      logger: recordingLogger([]),
    })
    const { url } = await engine.start()
    const store = createStore({
      url,
      user: 'wayward_writer',
      password: tokenText,
      database: 'wayward',
      requestTimeoutMs: 30_000,
    })
    try {
      await migrate(store)
      for (const day of ['2026-11-14', '2026-11-15', '2026-11-16', '2026-11-21']) {
        await store.command(
          `INSERT INTO otel_traces (Timestamp, TraceId, StatusMessage)
           SELECT toDateTime64({day:String}, 9, 'UTC') + number, '', randomString(2000) FROM numbers(25000)`,
          { day },
        )
      }
      const readFree = (): Promise<number> => readFolderFreeBytes(folder)
      const before = await readFree()
      // A merge may have gone on meanwhile; a day is about 50 MiB.
      const floor = floorOf(store, before + 70 * mebibyte, readFree)
      await floor.run()
      expect(await readFree()).toBeGreaterThanOrEqual(before + 70 * mebibyte)
      expect(reported.map(({ partition }) => partition)).toEqual(['20261114', '20261115'])
      const [row] = await store.query<{ rows: string }>('SELECT count() AS rows FROM otel_traces')
      expect(row?.rows).toBe('50000')
    } finally {
      await store.close()
      await engine.shutdown(5000)
    }
  },
  60_000,
)
