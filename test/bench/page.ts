// How long the page's questions take over HTTP: ten million lock holds in 64 lanes within an hour,
// five million spans, a trace of a hundred thousand, ten million log records.
import { createDoor, openAccess, systemTime } from '@wayward/base'
import { migrate } from '@wayward/clickhouse'
import { createApi, createPage } from '@wayward/web'
import { startTestEngine, type TestEngine } from '../harness/engine.ts'
import type { Bench, Figure } from './bench.ts'
import { measurePanning } from './page-browser.ts'

const sizes = { tiny: 10_000, full: 10_000_000 } as const
/** Windows asked at each of them. */
const asked = { tiny: 1, full: 20 } as const
const memoryBytesMax = 2 * 2 ** 30
const startNs = 1_795_240_800_000_000_000n
const lengthNs = 3_600_000_000_000n
/** A week, a day, an hour, and parts of it down to a microsecond. */
const widthsNs = [
  168n * lengthNs,
  24n * lengthNs,
  ...[1n, 4n, 8n, 16n, 256n, 10_000n, 1_000_000n, 3_600_000_000n].map((part) => lengthNs / part),
]
const bigTrace = 'b'.repeat(32)
const limits = {
  connectionsMax: 100,
  answerTimeoutMs: 60_000,
  headersTimeoutMs: 10_000,
  requestTimeoutMs: 10_000,
  keepAliveTimeoutMs: 5_000,
  headerBytesMax: 32_768,
  requestBytesMax: 1_048_576,
}

type Ask = (address: string) => Promise<{ readonly ms: number; readonly bytes: number }>

export const pageBench: Bench = {
  name: 'page',
  async run(size) {
    const engine = await startTestEngine({ memoryBytesMax })
    const parts = { store: engine.reader, database: 'wayward', wallMs: Date.now }
    const routes = [...createPage(), ...createApi(parts)]
    const door = createDoor({
      limits,
      routes,
      access: openAccess,
      tls: undefined,
      cors: undefined,
      time: systemTime,
    })
    try {
      await migrate(engine.writer)
      await fill(engine, sizes[size])
      const { port } = await door.start({ host: '127.0.0.1', port: 0 })
      const ask: Ask = async (address) => {
        const began = performance.now()
        const answer = await fetch(`http://127.0.0.1:${port}/api/v1/${address}`)
        const body = await answer.arrayBuffer()
        if (!answer.ok) throw new Error(`${address} gave ${Buffer.from(body).toString()}`)
        return { ms: performance.now() - began, bytes: body.byteLength }
      }
      const window = { from: iso(startNs), to: iso(startNs + lengthNs) }
      return [
        await firstScreen(ask),
        ...(await zoom(ask, asked[size])),
        ...(await others(ask, asked[size])),
        ...(await measurePanning(`http://127.0.0.1:${port}`, window, asked[size])),
      ]
    } finally {
      await door.shutdown(1000)
      await engine.shutdown()
    }
  },
}

/** What the page asks for when it is opened, all of it at once. */
async function firstScreen(ask: Ask): Promise<Figure> {
  const window = `from=${iso(startNs)}&to=${iso(startNs + lengthNs)}`
  const addresses = ['services', 'sessions', 'report', 'activity'].map(
    (path) => `${path}?${window}`,
  )
  const began = performance.now()
  await Promise.all(addresses.map(ask))
  const value = performance.now() - began
  return { name: 'first screen: services, sessions, report, activity', value, unit: 'ms' }
}

/** From a week around the hour to a microsecond of it, at places that are spread over it. */
async function zoom(ask: Ask, count: number): Promise<Figure[]> {
  const figures: Figure[] = []
  for (const widthNs of widthsNs) {
    const times: number[] = []
    let bytes = 0
    for (let i = 0; i < count; i++) {
      const room = lengthNs > widthNs ? lengthNs - widthNs : 0n
      const from =
        widthNs > lengthNs
          ? startNs - widthNs / 2n
          : startNs + (room * BigInt((i * 7) % count)) / BigInt(count)
      const window = `from=${iso(from)}&to=${iso(from + widthNs)}`
      const answer = await ask(`timeline?${window}&width=1500&form=bytes`)
      times.push(answer.ms)
      bytes = Math.max(bytes, answer.bytes)
    }
    const name = `timeline of ${Number(widthNs) / 1e9} s`
    figures.push({ name: `${name}, 95 of 100 within`, value: quantile(times, 0.95), unit: 'ms' })
    figures.push({ name: `${name}, largest answer`, value: bytes / 1024, unit: 'KiB' })
  }
  return figures
}

async function others(ask: Ask, count: number): Promise<Figure[]> {
  const figures: Figure[] = []
  const window = `from=${iso(startNs)}&to=${iso(startNs + lengthNs)}`
  const questions = {
    'activity, the whole hour': `activity?${window}&buckets=120`,
    'services, the whole hour': `services?${window}`,
    'report, the whole hour': `report?${window}`,
    'a trace by its id': `traces/${'0'.repeat(31)}7`,
    'a trace of 100,000 spans': `traces/${bigTrace}/tree`,
    'a lock: how long, over time': `progress?${window}&kind=lock&name=lock7&service=shop`,
    'when spans took how long': `heat?${window}`,
    'log records with a word': `logs?${window}&text=needle&limit=500`,
  }
  for (const [name, address] of Object.entries(questions)) {
    const times: number[] = []
    for (let i = 0; i < Math.min(3, count); i++) times.push((await ask(address)).ms)
    figures.push({ name, value: Math.min(...times), unit: 'ms' })
  }
  return figures
}

function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0
}

function iso(ns: bigint): string {
  const text = new Date(Number(ns / 1_000_000n)).toISOString()
  return `${text.slice(0, 19)}.${String(ns % 1_000_000_000n).padStart(9, '0')}Z`
}

async function fill({ writer }: TestEngine, count: number): Promise<void> {
  const step = (rows: number): string => `${startNs} + toInt64(number) * ${Number(lengthNs) / rows}`
  const at = (rows: number): string => `fromUnixTimestamp64Nano(toInt64(${step(rows)}), 'UTC')`
  const spans = count / 2
  const inBigTrace = count / 100
  const statements = [
    `INSERT INTO wayward_lock_holds (service, session, lock_name, lock_id, lock_type, granted_at,
      hold_ns, wait_ns, contended, thread_id, task_id, sequence)
     SELECT 'shop', 'run-1', concat('lock', toString(cityHash64(number) % 64)) AS lock_name,
       lock_name, 'mutex', ${at(count)}, cityHash64(number, 1) % 20000000, 0, 0, number % 8,
       toString(number % 1000), number FROM numbers(${count})`,
    `INSERT INTO otel_traces (Timestamp, TraceId, SpanId, SpanName, ServiceName, Duration, StatusCode)
     SELECT ${at(spans)}, leftPad(lower(hex(intDiv(number, 8))), 32, '0'), lower(hex(number)),
       concat('GET /', toString(number % 50)), 'shop', cityHash64(number) % 90000000,
       if(number % 200 = 0, 'Error', 'Unset') FROM numbers(${spans})`,
    `INSERT INTO otel_traces (Timestamp, TraceId, SpanId, ParentSpanId, SpanName, ServiceName, Duration)
     SELECT ${at(inBigTrace)}, '${bigTrace}', lower(hex(number + 1)),
       if(number = 0, '', lower(hex(intDiv(number, 4)))), concat('step ', toString(number % 20)),
       'batch', 1000000 FROM numbers(${inBigTrace})`,
    `INSERT INTO otel_logs (Timestamp, SeverityText, SeverityNumber, ServiceName, ScopeName, Body)
     SELECT ${at(count)}, 'INFO', 9, 'shop', concat('shop.db.', toString(number % 9)),
       concat('request ', toString(number), if(number % 100000 = 7, ' has a needle', ' is done'))
     FROM numbers(${count})`,
    `INSERT INTO wayward_sessions (service, session, host_name, process_pid, first_at, last_at, spans)
     SELECT 'shop', 'run-1', 'box', 1, fromUnixTimestamp64Nano(toInt64(${startNs}), 'UTC'),
       fromUnixTimestamp64Nano(toInt64(${startNs + lengthNs}), 'UTC'), ${count}`,
  ]
  for (const statement of statements) await writer.command(statement)
}
