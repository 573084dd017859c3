// Goal: `wayward analyze` and `wayward report` where answers take long, are too large, or are about
// hostile data. Method: the built command on a real engine whose limits are low.
import type { ChildProcess } from 'node:child_process'
import { analyzers, runAnalyzer } from '@wayward/analyzers'
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { startTestStore, type TestEngine } from '../harness/engine.ts'
import { type RunOptions, type RunResult, runWayward, temporaryFolder } from './wayward-process.ts'

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 })

const limits = { readSecondsMax: 15, resultRowsMax: 2000, readMemoryBytesMax: 250 * 2 ** 20 }
const folder = temporaryFolder()
let engine: TestEngine

beforeAll(async () => {
  engine = await startTestStore({ limits })
})
beforeEach(async () => {
  await engine.truncateTables()
})
afterAll(async () => {
  folder.remove()
  await engine.shutdown()
})

async function run(args: readonly string[], more: Partial<RunOptions> = {}): Promise<RunResult> {
  return await runWayward([...args, '--url', engine.url], { cwd: folder.path, ...more })
}

const at = (second: string): string =>
  `addNanoseconds(toDateTime64(1795000000, 9, 'UTC'), ${second} * 1e9)`

/** Everybody waits while everybody holds: as many meetings as the square of it. */
async function insertCrowd(count: number): Promise<void> {
  const common = `'shop' AS service, 'run' AS session, 'cart' AS lock_name, 'cart' AS lock_id, 'mutex' AS lock_type,
    toString(number % 100) AS task_id, number + 1 AS sequence`
  await engine.writer.command(`INSERT INTO wayward_lock_holds (service, session, lock_name, lock_id, lock_type, task_id, sequence,
    granted_at, hold_ns) SELECT ${common}, ${at('0')}, 100e9 FROM numbers(${count})`)
  await engine.writer.command(`INSERT INTO wayward_lock_waits (service, session, lock_name, lock_id, lock_type, task_id, sequence,
    requested_at, wait_ns, result) SELECT ${common}, ${at('1')}, 50e9, 'granted' FROM numbers(${count})`)
}

async function countQuestions(): Promise<number> {
  const [row] = await engine.writer.query<{ n: string }>(
    `SELECT count() AS n FROM system.processes WHERE query LIKE '%wayward_lock_waits%' AND query NOT LIKE '%system.processes%'`,
  )
  return Number(row?.n)
}

describe('a question that takes long', () => {
  test.each([[['analyze', 'blocked-by']], [['report']], [['analyze', 'blocked-by', '--watch']]])(
    '%j ends with its query at Ctrl-C',
    async (args) => {
      await insertCrowd(40_000)
      let killedMs = 0
      const onStart = (child: ChildProcess): void => {
        void vi
          .waitFor(async () => expect(await countQuestions()).toBeGreaterThan(0), {
            timeout: 60_000,
          })
          .finally(() => {
            killedMs = performance.now()
            child.kill('SIGINT')
          })
      }
      const { signal, code, stderr } = await run(args, { onStart })
      const tookMs = performance.now() - killedMs
      expect(killedMs).toBeGreaterThan(0)
      // One that watches has to clean up, and says so by its exit code.
      expect(args.includes('--watch') ? code : signal).toBe(
        args.includes('--watch') ? 130 : 'SIGINT',
      )
      expect(stderr).not.toMatch(/\n\s+at /)
      expect(tookMs).toBeLessThan(limits.readSecondsMax * 1000)
      await vi.waitFor(async () => expect(await countQuestions()).toBe(0), { timeout: 5000 })
    },
  )

  test('is stopped, and says what to ask instead', async () => {
    await insertCrowd(60_000)
    const { code, stdout, stderr } = await run(['analyze', 'blocked-by'])
    expect(stderr).toMatch(toAskLess('Timeout exceeded: elapsed [0-9.]+ ms, maximum: 15000 ms'))
    expect({ code, stdout }).toEqual({ code: 3, stdout: '' })
  })
})

/** One line, without a stack trace. */
function toAskLess(reason: string): RegExp {
  return new RegExp(
    `^ClickHouse could not answer: This is more than one question may take\\. Ask about a shorter time, one service or one session \\(ClickHouse: ${reason}[^\\n]{0,100}\\)\n$`,
  )
}

describe('a question that takes too much', () => {
  const insertLocks = async (count: number): Promise<void> =>
    await engine.writer.command(`INSERT INTO wayward_lock_holds (service, session, lock_name, lock_id, granted_at, hold_ns)
      SELECT 'shop', 'run', toString(number), toString(number), ${at('number')}, 1e9 FROM numbers(${count})`)

  test('of memory', async () => {
    await insertLocks(400_000)
    const { code, stdout, stderr } = await run(['analyze', 'lock-contention'])
    expect(stderr).toMatch(toAskLess('Query memory limit exceeded: .*maximum: 250.00 MiB'))
    expect({ code, stdout }).toEqual({ code: 3, stdout: '' })
  })

  test('of rows; the report says which question it was', async () => {
    await insertLocks(3000)
    const { code, stdout, stderr } = await run(['analyze', 'lock-contention'])
    expect(stderr).toMatch(toAskLess('Limit for result exceeded'))
    expect({ code, stdout }).toEqual({ code: 3, stdout: '' })
    const report = await run(['report'])
    expect(report.stdout).toMatch(/Not answered: lock-contention: .*Ask about a shorter time/)
    expect(report.code).toBe(3)
  })
})

describe('hostile data', () => {
  const long = 'x'.repeat(1_000_000)

  interface HostileSpan {
    readonly kind: string
    readonly id: string
    readonly parent?: string
    readonly second: number
    readonly lengthNs: number
    readonly attributes: Readonly<Record<string, string>>
  }

  const toRow = ({ kind, id, parent = '', second, lengthNs, attributes }: HostileSpan): object => ({
    Timestamp: `${1_795_000_000 + second}.000000000`,
    TraceId: '0af7651916cd43dd8448eb211c80319c',
    SpanId: id,
    ParentSpanId: parent,
    SpanName: kind,
    ServiceName: 'shop',
    Duration: lengthNs,
    ResourceAttributes: { 'service.name': 'shop', 'wayward.session.id': 'run' },
    SpanAttributes: {
      'wayward.kind': kind,
      'thread.id': '0',
      'wayward.event.sequence': String(Number.parseInt(id, 16)),
      ...attributes,
    },
  })

  /** A lock, a queue and a job of this name, in spans without a length or within themselves. */
  const spansOf = (name: string): object[] => {
    const lock = {
      'wayward.lock.name': name,
      'wayward.lock.id': name,
      'wayward.lock.type': 'mutex',
      'wayward.task.name': name,
    }
    const held = JSON.stringify([name])
    return [
      { kind: 'lock_hold', id: 'a1', parent: 'a2', second: 5, lengthNs: 0, attributes: lock },
      {
        kind: 'lock_hold',
        id: 'a2',
        parent: 'a1',
        second: 5,
        lengthNs: 30e9,
        attributes: { ...lock, 'wayward.lock.wait.duration': '99000000000000000000' },
      },
      {
        kind: 'lock_wait',
        id: 'a3',
        parent: 'a3',
        second: 5,
        lengthNs: 0,
        attributes: { ...lock, 'wayward.lock.wait.result': 'granted', 'wayward.lock.held': held },
      },
      {
        kind: 'lock_wait',
        id: 'a4',
        parent: 'a1',
        second: 5,
        lengthNs: 20e9,
        attributes: { ...lock, 'wayward.lock.wait.result': 'timeout', 'wayward.lock.held': held },
      },
      {
        kind: 'queue_item',
        id: 'a5',
        second: 5,
        lengthNs: 0,
        attributes: {
          'wayward.queue.name': name,
          'wayward.queue.id': name,
          'wayward.queue.item.id': name,
          'wayward.queue.wait.duration': '9000000000000000000',
        },
      },
      {
        kind: 'queue_item',
        id: 'a6',
        second: 5,
        lengthNs: 40e9,
        attributes: {
          'wayward.queue.name': name,
          'wayward.queue.id': name,
          'wayward.queue.item.id': name,
          'wayward.queue.wait.duration': '-1',
        },
      },
      {
        kind: 'job_run',
        id: 'a7',
        second: 5,
        lengthNs: 0,
        attributes: {
          'wayward.job.name': name,
          'wayward.job.run.id': name,
          'wayward.job.due_time': '2999-01-01T00:00:00Z',
          'wayward.job.deadline': '1960-01-01T00:00:00Z',
          'wayward.job.result': 'failure',
          'error.type': name,
        },
      },
      {
        kind: 'job_run',
        id: 'a8',
        second: 5,
        lengthNs: 50e9,
        attributes: {
          'wayward.job.name': name,
          'wayward.job.run.id': 'b',
          'wayward.job.due_time': 'yesterday',
          'wayward.job.result': name,
        },
      },
    ].map(toRow)
  }

  test.each([
    ['of a million characters', long],
    ['without any', ''],
  ])('names %s', async (_, name) => {
    await engine.insertRows('otel_traces', spansOf(name))
    for (const { name: analyzer } of analyzers) {
      const { rows, findings } = await runAnalyzer(engine.writer, analyzer)
      const wrong = rows
        .flatMap((row) => Object.entries(row))
        .filter(([, value]) => typeof value === 'number' && !(value >= 0 && Number.isFinite(value)))
      expect(wrong, analyzer).toEqual([])
      for (const { severity } of findings) expect(severity).toBeLessThanOrEqual(100)
    }
    const report = await run(['report'])
    expect(report.code).toBe(0)
    expect(report.stdout).toMatch(/Items of queue.*Lock.*Job/s)
    expect(report.stdout.length).toBeLessThan(10_000)
  })
})
