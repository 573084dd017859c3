// Goal: each shared step says what it promises, by itself. Method: a few spans and snapshots, and
// the rows that the module gives for a window.
import { runAnalyzer } from '@wayward/analyzers'
import { readModule } from '@wayward/analyzers/sql-modules'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { startTestStore, type TestEngine } from '../harness/engine.ts'
import { type RecordedProcess, toMoment, toRows } from '../harness/recording.ts'

let engine: TestEngine

beforeAll(async () => {
  engine = await startTestStore()
})

beforeEach(async () => {
  await engine.truncateTables()
})

afterAll(async () => {
  await engine.shutdown()
})

const resource = { 'service.name': 'shop', 'wayward.session.id': 's1' }
const lock = { 'wayward.lock.name': 'l', 'wayward.lock.id': 'l1', 'wayward.lock.type': 'mutex' }

function hold(at: number, length: number, sequence: number, more: Record<string, string> = {}) {
  return { kind: 'lock_hold', at, for: length, sequence, attributes: { ...lock, ...more } }
}

function wait(at: number, length: number, sequence: number, result = 'granted') {
  const attributes = { ...lock, 'wayward.lock.wait.result': result, 'wayward.task.id': 't1' }
  return { kind: 'lock_wait', at, for: length, sequence, attributes }
}

async function report(process: Partial<RecordedProcess>): Promise<void> {
  const { traces, logs } = toRows([{ resource, spans: [], ...process }])
  await engine.insertRows('otel_traces', traces)
  await engine.insertRows('otel_logs', logs)
}

/** Rows of a module within a window in milliseconds; times become milliseconds from the start. */
async function rowsOf(
  name: string,
  [from, to]: readonly [number, number],
  order = 'start_ns',
): Promise<Readonly<Record<string, unknown>>[]> {
  const sql = `${await readModule(name)} ORDER BY ${order}`
  const rows = await engine.reader.query<Record<string, unknown>>(sql, {
    from: toText(from),
    to: toText(to),
    service: '',
    sessions: [],
  })
  return rows.map((row) =>
    Object.fromEntries(
      Object.entries(row).map(([key, value]) => [
        key,
        /^(start|end|from|till)_ns$/.test(key)
          ? Number(BigInt(String(value)) - toMoment(0)) / 1e6
          : value,
      ]),
    ),
  )
}

function toText(ms: number): string {
  const digits = toMoment(ms).toString()
  return `${digits.slice(0, -9)}.${digits.slice(-9)}`
}

describe('lock_holds', () => {
  test('has what overlaps the window, clipped to it', async () => {
    await report({ spans: [hold(0, 100, 1), hold(50, 400, 2), hold(300, 50, 3), hold(500, 9, 4)] })
    expect(await rowsOf('lock_holds', [200, 400])).toMatchObject([
      { start_ns: 50, end_ns: 400, from_ns: 200, till_ns: 400, is_open: 1 },
      { start_ns: 300, end_ns: 350, from_ns: 300, till_ns: 350, is_open: 0 },
    ])
  })

  test('has what has not ended until it was last reported, and what has ended once', async () => {
    const open = (sequence: number, ended?: number) => ({
      kind: 'lock_hold',
      since: 100,
      seen: 900,
      sequence,
      attributes: lock,
      ...(ended === undefined ? {} : { ended }),
    })
    await report({ spans: [hold(100, 850, 7)], open: [open(7), open(8), open(9, 950)] })
    expect(await rowsOf('lock_holds', [0, 5000], 'is_open')).toMatchObject([
      { sequence: '7', start_ns: 100, end_ns: 950, is_open: 0 },
      { sequence: '8', start_ns: 100, end_ns: 900, is_open: 1 },
    ])
  })

  test('has what was stored twice once, and equal numbers of two processes twice', async () => {
    await report({ spans: [hold(0, 10, 1), hold(20, 10, 2), hold(20, 10, 2), hold(40, 10, 2)] })
    const rows = await rowsOf('lock_holds', [0, 100])
    expect(rows.map((row) => row['start_ns'])).toEqual([0, 20, 40])
  })

  test('leaves out the inner holds of a re-entrant lock', async () => {
    await report({
      spans: [
        hold(0, 10, 1, { 'wayward.lock.depth': '1' }),
        hold(2, 3, 2, { 'wayward.lock.depth': '2' }),
      ],
    })
    expect(await rowsOf('lock_holds', [0, 100])).toHaveLength(1)
  })

  test('tells locks apart by type and session, and joins those of a cluster', async () => {
    const types = ['mutex', 'semaphore', 'distributed']
    for (const session of ['s1', 's2']) {
      await report({
        resource: { ...resource, 'wayward.session.id': session },
        spans: types.map((type, index) => hold(0, 10, index, { 'wayward.lock.type': type })),
      })
    }
    const rows = await rowsOf('lock_holds', [0, 100])
    const locksOf = (type: string): number =>
      new Set(rows.filter((row) => row['lock_type'] === type).map((row) => row['lock'])).size
    expect(types.map(locksOf)).toEqual([2, 2, 1])
  })
})

describe('lock_waits', () => {
  test('is at the end of a window what it was at that moment', async () => {
    await report({ spans: [wait(100, 800, 1), wait(200, 100, 2), wait(250, 0, 3, 'refused')] })
    expect(await rowsOf('lock_waits', [150, 500])).toMatchObject([
      { from_ns: 150, till_ns: 500, length_ns: '400000000', outcome: 'waiting' },
      { from_ns: 200, till_ns: 300, length_ns: '100000000', outcome: 'granted' },
      { from_ns: 250, till_ns: 250, length_ns: '0', outcome: 'refused' },
    ])
  })
})

describe('lock_stretches', () => {
  test('finds the worst ten seconds, whatever came before', async () => {
    await report({
      spans: [wait(0, 100, 1), ...[1, 2, 3].map((number) => wait(3_600_000, 10_000, number + 1))],
    })
    const [row] = await rowsOf('lock_stretches', [0, 7_200_000], 'class')
    expect(Number(row?.['blocked_worst'])).toBeCloseTo(3, 1)
    expect(BigInt(String(row?.['worst_ns']))).toBe(toMoment(3_600_000))
  })

  test('hardly counts waits that trouble nobody', async () => {
    await report({ spans: [{ ...wait(0, 0.01, 1), repeat: 1000, every: 0.01 }] })
    const [row] = await rowsOf('lock_stretches', [0, 10_000], 'class')
    expect(Number(row?.['blocked_worst'])).toBeLessThan(0.00001)
  })
})

describe('queue_items', () => {
  const item = (at: number, length: number, waited: number, more: Record<string, string> = {}) => ({
    kind: 'queue_item',
    at,
    for: length,
    sequence: at + 1,
    attributes: {
      'wayward.queue.name': 'q',
      'wayward.queue.id': 'q1',
      'wayward.queue.item.id': `${at}`,
      'wayward.queue.wait.duration': `${waited * 1e6}`,
      'wayward.queue.item.result': 'done',
      ...more,
    },
  })
  const open = (kind: string, since: number, id: string, sequence = since + 1) => ({
    kind,
    since,
    seen: 900,
    sequence,
    attributes: {
      'wayward.queue.name': 'q',
      'wayward.queue.id': 'q1',
      'wayward.queue.item.id': id,
      ...(kind === 'queue_item' ? { 'wayward.queue.wait.duration': '50000000' } : {}),
    },
  })

  test('has at each moment the stage of then, clipped to the window', async () => {
    await report({ spans: [item(100, 50, 100), item(150, 300, 100), item(450, 10, 350)] })
    expect(await rowsOf('queue_items', [200, 400], 'dequeued_ns')).toMatchObject([
      {
        stage: 'processing',
        wait_ns: '100000000',
        work_ns: '250000000',
        from_ns: 200,
        till_ns: 400,
      },
      { stage: 'waiting', wait_ns: '300000000', work_ns: '0', from_ns: 200, till_ns: 400 },
    ])
  })

  test('tells what was taken out or not let in from what failed', async () => {
    const failed = { 'wayward.queue.item.result': 'failed' }
    await report({
      spans: [item(100, 50, 100, failed), item(200, 0, 100, failed), item(300, 0, 0, failed)],
    })
    const rows = await rowsOf('queue_items', [0, 400], 'dequeued_ns')
    expect(rows.map(({ stage }) => stage)).toEqual(['failed', 'removed', 'refused'])
  })

  test('has what is open until it was last reported, and what has ended or was sent twice once', async () => {
    const twice = item(100, 50, 100)
    await report({
      spans: [twice, twice],
      open: [
        open('queue_item', 100, '100'),
        open('queue_wait', 0, '100', 101),
        open('queue_item', 500, 'a'),
        open('queue_wait', 450, 'a', 501),
        open('queue_wait', 600, 'b'),
      ],
    })
    const rows = await rowsOf('queue_items', [0, 5000], 'dequeued_ns')
    expect(rows.map(({ stage, wait_ns, work_ns }) => [stage, wait_ns, work_ns])).toEqual([
      ['done', '100000000', '50000000'],
      ['processing', '50000000', '400000000'],
      ['waiting', '300000000', '0'],
    ])
  })

  test('has the priority of an item that waits', async () => {
    const urgent = open('queue_wait', 0, 'a')
    const attributes = { ...urgent.attributes, 'wayward.queue.priority': '7' }
    await report({ open: [{ ...urgent, attributes }] })
    const rows = await rowsOf('queue_items', [0, 5000], 'dequeued_ns')
    expect(rows).toMatchObject([{ stage: 'waiting', priority: '7' }])
  })

  test('has an item that came back to its queue twice', async () => {
    await report({
      spans: [item(100, 50, 100, { 'wayward.queue.item.id': 'x' })],
      open: [open('queue_wait', 300, 'x')],
    })
    const rows = await rowsOf('queue_items', [0, 5000], 'dequeued_ns')
    expect(rows.map(({ stage }) => stage)).toEqual(['done', 'waiting'])
  })
})

/** A run of a job, in minutes; without a length it goes on. */
function run(at: number, length: number, more: Record<string, string> = {}) {
  const attributes = {
    'wayward.job.name': 'j',
    'wayward.job.run.id': `${at}`,
    'wayward.job.result': 'success',
    ...more,
  }
  const minute = 60_000
  return { kind: 'job_run', at: at * minute, for: length * minute, sequence: at + 1, attributes }
}

const minuteNs = 60_000_000_000

describe('job_runs', () => {
  test('has at each moment what was known then, twice sent runs once, and skipped ones', async () => {
    const skip = { 'wayward.job.result': 'skip' }
    await report({ spans: [run(0, 3), run(2, 5), run(2, 5), run(3, 0, skip), run(9, 1)] })
    const rows = await rowsOf('job_runs', [60_000, 240_000])
    expect(rows).toMatchObject([
      { outcome: 'success', from_ns: 60_000, till_ns: 180_000, length_ns: `${3 * minuteNs}` },
      { outcome: 'running', from_ns: 120_000, till_ns: 240_000, length_ns: `${2 * minuteNs}` },
      { outcome: 'skip', is_made: 0 },
    ])
  })

  test('has a run that is open once, and not when its span has come', async () => {
    const open = (sequence: number) => ({
      kind: 'job_run',
      since: 60_000 * (sequence - 1),
      seen: 600_000,
      sequence,
      attributes: { 'wayward.job.name': 'j', 'wayward.job.run.id': `${sequence - 1}` },
    })
    await report({ spans: [run(1, 2)], open: [open(2), open(5)] })
    const rows = await rowsOf('job_runs', [0, 6_000_000])
    expect(rows.map(({ outcome }) => outcome)).toEqual(['success', 'running'])
  })

  test('has the deadline of a run that is open', async () => {
    const deadline = new Date(Number(toMoment(300_000) / 1_000_000n)).toISOString()
    const attributes = { 'wayward.job.name': 'j', 'wayward.job.deadline': deadline }
    await report({ open: [{ kind: 'job_run', since: 0, seen: 600_000, sequence: 1, attributes }] })
    const [row] = await rowsOf('job_runs', [0, 6_000_000])
    expect(BigInt(String(row?.['deadline_ns']))).toBe(toMoment(300_000))
    const { rows } = await runAnalyzer(engine.reader, 'job-runs')
    expect(rows).toMatchObject([{ job_name: 'j', running: 1, overdue: 1 }])
  })
})

describe('job_history', () => {
  test('knows the rhythm of a job, and that of none', async () => {
    const minutesOf = [0, 5, 10, 15, 20, 30, 35, 40, 45, 50, 55]
    await report({ spans: minutesOf.map((at) => run(at, at === 20 ? 4 : 1)) })
    const rhythmic = await rowsOf('job_history', [3_000_000, 6_000_000], 'of_job')
    expect(rhythmic).toMatchObject([
      { period: `${5 * minuteNs}`, gap: `${5 * minuteNs}`, length_longest: `${4 * minuteNs}` },
    ])
    await engine.truncateTables()
    await report({ spans: [0, 1, 7, 9, 22, 23, 41].map((at) => run(at, 1)) })
    expect(await rowsOf('job_history', [0, 6_000_000], 'of_job')).toMatchObject([{ period: '0' }])
  })
})

describe('job_missed', () => {
  const alive = (until: number) => hold(0, until * 60_000, 1000)

  test('counts what is missing within the window while the service reports', async () => {
    const made = [0, 1, 2, 3, 4, 5, 6, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20]
    await report({ spans: [alive(30), ...made.map((at) => run(at, 0.1))] })
    const missedIn = (from: number, to: number) =>
      rowsOf('job_missed', [from * 60_000, to * 60_000], 'of_job')
    expect(await missedIn(0, 20)).toMatchObject([{ missed: '3', stopped: '0' }])
    expect(await missedIn(8, 20)).toMatchObject([{ missed: '2', stopped: '0' }])
    expect(await missedIn(0, 100)).toMatchObject([{ missed: '12', stopped: '9' }])
    expect(await missedIn(25, 28)).toMatchObject([{ missed: '3', stopped: '3' }])
  })

  test('counts nothing that is late by less than half a period, nor of a time without reports', async () => {
    await report({ spans: [0, 1, 2, 3, 4].map((at) => run(at, 0.1)) })
    expect(await rowsOf('job_missed', [0, 6_000_000], 'of_job')).toEqual([])
  })
})

describe('reported_losses', () => {
  test('sums what sessions of the window say they dropped', async () => {
    await engine.insertRows('wayward_sessions', [
      { service: 'shop', session: 'a', first_at: toText(0), last_at: toText(10), dropped: 7 },
      { service: 'shop', session: 'b', first_at: toText(50), last_at: toText(60), dropped: 9 },
    ])
    const rows = await rowsOf('reported_losses', [0, 20], 'of_service')
    expect(rows).toEqual([{ of_service: 'shop', dropped: '7' }])
  })
})

describe('queue_stretches', () => {
  test('has the mean of each minute', async () => {
    const attributes = {
      'wayward.queue.name': 'q',
      'wayward.queue.id': 'q1',
      'wayward.queue.item.id': '1',
      'wayward.queue.wait.duration': '90000000000',
    }
    await report({ spans: [{ kind: 'queue_item', at: 90_000, for: 60_000, attributes }] })
    const [row] = await rowsOf('queue_stretches', [0, 600_000], 'of_queue')
    const minutes = row?.['minutes'] as readonly (readonly [string, number, number])[]
    const byMinute = minutes.toSorted((a, b) => Number(a[0]) - Number(b[0]))
    expect(byMinute.map(([, waiting, working]) => [waiting, working])).toEqual([
      [1, 0],
      [0.5, 0.5],
      [0, 0.5],
    ])
  })
})

describe('observed', () => {
  test('is the time in which a session reported, two at once counted once', async () => {
    const of = (session: string, at: number, length: number) =>
      report({
        resource: { ...resource, 'wayward.session.id': session },
        spans: [hold(at, length, 1)],
      })
    await of('s1', 0, 1000)
    await of('s2', 500, 1000)
    await of('s3', 5000, 1000)
    const [row] = await rowsOf('observed', [200, 5500], 'of_service')
    expect(row).toMatchObject({ of_service: 'shop', observed_ns: String(1800e6) })
  })
})

test.each([
  ['most_at_once([(0, 10, 2), (10, 20, 3), (15, 16, 1)])', 4],
  ['wait_severity(3e9)', 0],
  ['wait_severity(100e9)', 30],
  ['wait_severity(1e18)', 70],
  ['unending_severity(9e9, 1)', 0],
  ['unending_severity(100e9, 40e9)', 0],
  ['unending_severity(100e9, 1e9)', 60],
  ['unending_severity(600e9, 0)', 26],
  ['failing_severity(1, 1)', 40],
  ['failing_severity(100, 200)', 58],
  ['failing_severity(1, 100)', 17],
  ['failing_severity(0, 100)', 0],
  ['hang_severity(9e9)', 0],
  ['hang_severity(10e9)', 40],
  ['hang_severity(300e9)', 70],
  ['hang_severity(1e18)', 95],
  ['blocked_severity(0, 0)', 0],
  ['blocked_severity(1, 0)', 39],
  ['blocked_severity(19, 19)', 100],
])('%s is %d', async (call, severity) => {
  const name = call.slice(0, call.indexOf('('))
  const sql = (await readModule(name)).replace(/SELECT COLUMNS.*$/, `SELECT ${call} AS severity`)
  expect(await engine.reader.query(sql)).toMatchObject([
    { severity: expect.toSatisfy((told) => Number(told) === severity) },
  ])
})

test('readModule() refuses a module that is not there', async () => {
  await expect(readModule('no_such')).rejects.toThrow('there is no module no_such')
})
