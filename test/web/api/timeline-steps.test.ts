// Goal: a wide picture that is drawn from sums of steps shows what one of single holds, waits and
// items shows, and ClickHouse takes the sums for it. Method: random reports of an hour and a half
// around both ends of the window, the question once with steps and once without.
import { readQuestion } from '@wayward/analyzers'
import { createDoor, type Door, openAccess, systemTime } from '@wayward/base'
import { createApi } from '@wayward/web'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startTestStore, type TestEngine } from '../../harness/engine.ts'

const fromNs = 1_795_687_200_123_456_789n
const lengthNs = 3_600_000_000_000n
const hour = { from: '2026-11-26T10:00:00.123456789Z', to: '2026-11-26T11:00:00.123456789Z' }
const limits = {
  connectionsMax: 10,
  answerTimeoutMs: 60_000,
  headersTimeoutMs: 10_000,
  requestTimeoutMs: 10_000,
  keepAliveTimeoutMs: 5_000,
  headerBytesMax: 32_768,
  requestBytesMax: 1_048_576,
}

let engine: TestEngine
let door: Door
let base: string

beforeAll(async () => {
  engine = await startTestStore()
  await fill()
  const routes = createApi({ store: engine.reader, database: 'wayward', wallMs: Date.now })
  door = createDoor({
    limits,
    routes,
    access: openAccess,
    tls: undefined,
    cors: undefined,
    time: systemTime,
  })
  const { port } = await door.start({ host: '127.0.0.1', port: 0 })
  base = `http://127.0.0.1:${port}`
}, 120_000)

afterAll(async () => {
  await door.shutdown(100)
  await engine.shutdown()
})

/** From a quarter before the window to a quarter after it; some last for minutes. */
async function fill(): Promise<void> {
  const at = `fromUnixTimestamp64Nano(toInt64(${fromNs - lengthNs / 4n}) + toInt64(cityHash64(number, 1) % ${(lengthNs * 3n) / 2n}), 'UTC')`
  const length = `if(number % 50 = 0, cityHash64(number, 2) % 900000000000, cityHash64(number, 2) % 2000000000)`
  const common = `concat('shop', toString(number % 2)) AS service, concat('run', toString(number % 3)) AS session`
  const name = `concat('one', toString(number % 5))`
  for (const statement of [
    `INSERT INTO wayward_lock_holds (service, session, lock_name, granted_at, hold_ns)
     SELECT ${common}, ${name}, ${at}, ${length} FROM numbers(4000)`,
    `INSERT INTO wayward_lock_waits (service, session, lock_name, requested_at, wait_ns)
     SELECT ${common}, ${name}, ${at}, ${length} FROM numbers(3000)`,
    `INSERT INTO wayward_queue_items (service, session, queue_name, enqueued_at, dequeued_at, wait_ns, processing_ns, result)
     SELECT ${common}, ${name}, ${at} AS came, addNanoseconds(came, ${length}) AS taken, ${length}, ${length} / 3,
       if(number % 7 = 0, 'failed', '') FROM numbers(3000)`,
  ])
    await engine.writer.command(statement)
}

interface Timeline {
  readonly lanes: readonly object[]
  readonly states: readonly string[]
  readonly pixel_ns: string
  readonly unit_ns: string
  readonly runs: readonly {
    readonly lane: number
    readonly state: number
    readonly count: readonly number[]
    readonly start: readonly number[]
    readonly end: readonly number[]
  }[]
  readonly sql: string
}

/** Of each lane and state: how many, and when the first begins and the last ends, in seconds. */
function sumsOf(timeline: Timeline): Readonly<Record<string, object>> {
  const unitNs = Number(timeline.unit_ns)
  return Object.fromEntries(
    timeline.runs.map((run) => {
      const key = `${JSON.stringify(timeline.lanes[run.lane])} ${timeline.states[run.state]}`
      const count = run.count.reduce((sum, one) => sum + one, 0)
      const [start, end] = [Math.min(...run.start), Math.max(...run.end)]
      return [
        key,
        { count, start: Math.round((start * unitNs) / 1e8), end: Math.round((end * unitNs) / 1e8) },
      ]
    }),
  )
}

async function ask(width: number, more: Record<string, string> = {}): Promise<Timeline> {
  const query = new URLSearchParams({ ...hour, width: String(width), ...more })
  const response = await fetch(`${base}/api/v1/timeline?${query.toString()}`)
  const body = (await response.json()) as Timeline & { readonly detail?: string }
  expect(body.detail).toBeUndefined()
  return body
}

interface Head {
  readonly runs: readonly {
    readonly lane: number
    readonly state: number
    readonly boxes: number
  }[]
}

describe('a wide picture', () => {
  // A pixel of 0.45 s is too narrow for steps: its answer is what the others must agree with.
  test.each([
    ['half seconds', 3600, {}],
    ['half seconds of a session', 3600, { session: 'run1' }],
    ['half seconds of a service', 1000, { service: 'shop1' }],
    ['minutes', 50, {}],
  ])('from %s has what single ones have', async (_, width, more) => {
    const [wide, narrow] = [await ask(width, more), await ask(8000, more)]
    const [inSteps, single] = [sumsOf(wide), sumsOf(narrow)]
    expect(Object.keys(inSteps).length).toBeGreaterThan(10)
    expect(Object.keys(inSteps).toSorted()).toEqual(Object.keys(single).toSorted())
    for (const [key, { count }] of Object.entries(single) as [string, { count: number }][]) {
      expect(inSteps[key], key).toMatchObject({ count })
    }
    // What begins before a pixel ends begins at most a pixel away.
    for (const run of wide.runs) {
      // What waits in a queue stands with what was taken from it at the same time.
      if (wide.states[run.state] === 'queued') continue
      const lane = JSON.stringify(wide.lanes[run.lane])
      const other = narrow.runs.find(
        (one) => one.state === run.state && JSON.stringify(narrow.lanes[one.lane]) === lane,
      )
      const pixel = Number(wide.pixel_ns)
      const before = (timeline: Timeline, of: typeof run | undefined, ns: number): number =>
        (of?.start ?? []).reduce(
          (sum, start, i) =>
            start * Number(timeline.unit_ns) <= ns ? sum + (of?.count[i] ?? 0) : sum,
          0,
        )
      for (const share of [0.1, 0.25, 0.5, 0.75, 0.9]) {
        const ns = share * Number(lengthNs)
        const seen = before(wide, run, ns)
        expect(seen).toBeGreaterThanOrEqual(before(narrow, other, ns - 2 * pixel))
        expect(seen).toBeLessThanOrEqual(before(narrow, other, ns + 2 * pixel))
      }
    }
  })

  test.each([
    ['half_seconds', 'by_half_second', 3600],
    ['minutes', 'by_minute', 50],
  ])('is drawn from the projections %s and %s', async (ofWaits, ofOthers, width) => {
    const { sql } = await ask(width)
    const plans = await Promise.all(
      sql
        .split(/;\n\n/)
        .map((one) =>
          engine.reader.query<{ readonly explain: string }>(`EXPLAIN SELECT * FROM (${one})`),
        ),
    )
    const text = plans
      .flat()
      .map(({ explain }) => explain)
      .join('\n')
    const times = (projection: string): number => text.split(`(${projection})`).length - 1
    // Waits; holds, items in the queue and items in processing.
    expect([times(ofWaits), times(ofOthers)]).toEqual([1, 3])
  })

  test('has the same numbers as bytes as it has in JSON', async () => {
    const query = new URLSearchParams({ ...hour, width: '1500', form: 'bytes' })
    const response = await fetch(`${base}/api/v1/timeline?${query.toString()}`)
    expect(response.headers.get('content-type')).toBe('application/octet-stream')
    const bytes = Buffer.from(await response.arrayBuffer())
    const headLength = bytes.readUInt32LE(0)
    const { runs, ...others } = JSON.parse(bytes.toString('utf8', 4, 4 + headLength)) as Head
    let at = Math.ceil((4 + headLength) / 4) * 4
    const take = (count: number): readonly number[] =>
      Array.from({ length: count }, () => {
        at += 4
        return bytes.readFloatLE(at - 4)
      })
    const { runs: wanted, ...known } = await ask(1500)
    expect(others).toEqual(known)
    expect(
      runs.map(({ boxes, ...run }) => {
        const [count, start, end] = [take(boxes), take(boxes), take(boxes)]
        return { ...run, count, start, end }
      }),
    ).toEqual(wanted)
    expect(at).toBe(bytes.length)
  })

  test('leaves steps to locks, queues and jobs: threads are read one by one', async () => {
    const { header } = await readQuestion(
      new URL('../../../web/api/questions/timeline.sql', import.meta.url),
    )
    expect(header.uses).toEqual(['lane_steps'])
    expect((await ask(50, { by: 'thread' })).sql).not.toContain('toUnixTimestamp64Milli')
  })
})

describe('a picture with more boxes than are sent', () => {
  test('has those of the lanes in which somebody waited, whatever the others have', async () => {
    const [lanes, boxes] = [40, 6_000]
    const stepNs = lengthNs / BigInt(boxes)
    const at = `fromUnixTimestamp64Nano(toInt64(${fromNs}) + intDiv(number, ${lanes}) * ${stepNs} + 1000, 'UTC')`
    await engine.writer.command(
      `INSERT INTO wayward_lock_holds (service, session, lock_name, granted_at, hold_ns)
       SELECT 'crowd', 'run', concat('busy', toString(number % ${lanes})), ${at}, 100000 FROM numbers(${lanes * boxes})`,
    )
    await engine.writer.command(
      `INSERT INTO wayward_lock_waits (service, session, lock_name, requested_at, wait_ns)
       SELECT 'crowd', 'run', 'awaited', ${at}, 900000 FROM numbers(${lanes * 3})`,
    )
    const cut = await ask(8000, { service: 'crowd' })
    expect(cut).toMatchObject({ isCut: true })
    expect(cut.lanes[0]).toMatchObject({ name: 'awaited' })
    const sent = cut.runs.reduce((sum, { count }) => sum + count.length, 0)
    expect(sent).toBeGreaterThan(180_000)
    expect(sent).toBeLessThanOrEqual(200_000)
    for (const { start } of cut.runs) expect(start).toEqual(start.toSorted((a, b) => a - b))
    expect(await ask(500, { service: 'crowd' })).toMatchObject({ isCut: false })
  }, 60_000)
})
