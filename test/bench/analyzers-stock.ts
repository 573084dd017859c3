// What the narrow tables give and what they cost: the same questions of them and of the attribute
// maps of the stock table, which hold the same spans, and inserts with and without the views and
// projections that fill them.
import { migrate, type Store } from '@wayward/clickhouse'
import type { startTestEngine } from '../harness/engine.ts'
import type { Figure } from './bench.ts'
import {
  holdNs,
  isContended,
  spread,
  startSeconds,
  type Timer,
  waitNs,
  weekSeconds,
} from './week.ts'

type Engine = Awaited<ReturnType<typeof startTestEngine>>

/** A column of the narrow table, and the same of the stock table. */
interface Source {
  readonly table: string
  readonly name: string
  readonly wait: string
  readonly hold: string
  readonly isContended: string
  readonly task: string
  readonly at: string
  readonly kind: string
}

const narrow: Source = {
  table: 'wayward_lock_holds',
  name: 'lock_name',
  wait: 'wait_ns',
  hold: 'hold_ns',
  isContended: 'contended',
  task: 'task_id',
  at: 'granted_at',
  kind: 'true',
}

const stock: Source = {
  table: '(SELECT *, ServiceName AS service FROM otel_traces)',
  name: "SpanAttributes['wayward.lock.name']",
  wait: "toUInt64OrZero(SpanAttributes['wayward.lock.wait.duration'])",
  hold: 'Duration',
  isContended: "(SpanAttributes['wayward.lock.contended'] = 'true')",
  task: "SpanAttributes['wayward.task.id']",
  at: 'Timestamp',
  kind: "SpanAttributes['wayward.kind'] = 'lock_hold'",
}

const lastHour = `fromUnixTimestamp64Nano(toInt64(${startSeconds + weekSeconds - 3600}) * 1000000000, 'UTC')`

/** Each is asked of both. */
const questions: Readonly<Record<string, (of: Source) => string>> = {
  'sums and percentiles by lock': (of) =>
    `SELECT service, ${of.name} AS name, count() AS holds, sum(${of.wait}) AS waited, quantileExact(0.95)(${of.wait}) AS p95,
       sum(${of.hold}) AS held FROM ${of.table} WHERE ${of.kind} GROUP BY service, name ORDER BY waited DESC, service, name`,
  'sums by lock': (of) =>
    `SELECT service, ${of.name} AS name, count() AS holds, sum(${of.wait}) AS waited, sum(${of.hold}) AS held
     FROM ${of.table} WHERE ${of.kind} GROUP BY service, name ORDER BY waited DESC, service, name`,
  'contended share by lock': (of) =>
    `SELECT service, ${of.name} AS name, countIf(${of.isContended}) / count() AS share
     FROM ${of.table} WHERE ${of.kind} GROUP BY service, name ORDER BY share DESC, service, name`,
  'one lock, by task': (of) =>
    `SELECT ${of.task} AS task, count() AS holds, max(${of.hold}) AS longest FROM ${of.table}
     WHERE ${of.kind} AND service = 'service1' AND ${of.name} = 'lock7' GROUP BY task ORDER BY longest DESC, task`,
  'longest waits of the last hour': (of) =>
    `SELECT service, ${of.name} AS name, ${of.task} AS task, ${of.wait} AS waited FROM ${of.table}
     WHERE ${of.kind} AND ${of.at} >= ${lastHour} ORDER BY waited DESC, service, name, task LIMIT 10`,
}

/** The same questions of both tables. */
export async function compareWithStock(
  { writer, reader }: Engine,
  spans: number,
  time: Timer,
): Promise<readonly Figure[]> {
  await writer.command(insertSpans('otel_traces', spans))
  const figures: Figure[] = []
  for (const [name, question] of Object.entries(questions)) {
    const [ofNarrow, ofStock] = [question(narrow), question(stock)]
    await checkAlike(reader, ofNarrow, ofStock)
    const ours = await time(`${name}, narrow table`, () => reader.query(ofNarrow))
    const theirs = await time(`${name}, attribute maps`, () => reader.query(ofStock))
    const value = theirs.value / ours.value
    figures.push(ours, theirs, { name: `${name}, attribute maps : narrow table`, value, unit: '×' })
  }
  return figures
}

async function checkAlike(store: Store, one: string, other: string): Promise<void> {
  const [ours, theirs] = await Promise.all([store.query(one), store.query(other)])
  if (ours.length === 0) throw new Error('The question finds nothing')
  if (JSON.stringify(ours) !== JSON.stringify(theirs)) {
    throw new Error('The narrow table and the attribute maps give different answers')
  }
}

/** Databases that lack something on the way from the stock table. */
const lacking: Readonly<Record<string, readonly string[]>> = {
  'with all': [],
  'without projections': [
    'ALTER TABLE wayward_lock_holds DROP PROJECTION numbers',
    'ALTER TABLE wayward_lock_waits DROP PROJECTION numbers',
    'ALTER TABLE wayward_queue_items DROP PROJECTION numbers',
  ],
  'without views': ['DROP VIEW wayward_incoming_mv', 'DROP VIEW wayward_sessions_traces_mv'],
}

/** How long inserts into the stock table take, in turns with and without what depends on it. */
export async function measureViews(
  engine: Engine,
  spans: number,
  rounds: number,
): Promise<readonly Figure[]> {
  const bestMs = new Map<string, number>()
  for (const [index, [name, statements]] of Object.entries(lacking).entries()) {
    const { writer, reader } = engine.open(`bench_${index}`)
    await writer.createDatabase()
    await migrate(writer)
    for (const statement of statements) await writer.command(statement)
    bestMs.set(name, Number.POSITIVE_INFINITY)
    await Promise.all([writer.close(), reader.close()])
  }
  for (let round = 0; round < rounds; round++) {
    for (const [index, name] of Object.keys(lacking).entries()) {
      const startMs = performance.now()
      await engine.writer.command(insertSpans(`bench_${index}.otel_traces`, spans, round))
      bestMs.set(name, Math.min(bestMs.get(name) ?? 0, performance.now() - startMs))
    }
  }
  const bare = bestMs.get('without views') ?? Number.NaN
  return [...bestMs].flatMap(([name, ms]) => [
    { name: `insert of lock holds, ${name}`, value: spans / (ms / 1000), unit: 'spans/s' },
    { name: `insert of lock holds, ${name} : without views`, value: ms / bare, unit: '×' },
  ])
}

function insertSpans(table: string, spans: number, round = 0): string {
  return `INSERT INTO ${table} (Timestamp, TraceId, SpanId, SpanName, SpanKind, ServiceName, ResourceAttributes, SpanAttributes,
      Duration, StatusCode)
    SELECT fromUnixTimestamp64Nano(${spread(spans)} + ${round}, 'UTC'), '', lower(hex(cityHash64(number, 2))), 'hold', 'Internal',
      concat('service', toString(number % 5)),
      map('service.name', concat('service', toString(number % 5)), 'wayward.session.id', 'run${round}', 'host.name', 'box'),
      map('wayward.kind', 'lock_hold', 'wayward.lock.name', concat('lock', toString(cityHash64(number) % 50)),
        'wayward.lock.id', 'x', 'wayward.lock.type', 'mutex', 'wayward.lock.mode', 'exclusive', 'thread.id', '0',
        'wayward.lock.contended', if(${isContended}, 'true', 'false'), 'wayward.task.id', toString(number % 40),
        'wayward.lock.wait.duration', toString(if(${isContended}, ${waitNs}, 0)), 'wayward.event.sequence', toString(number)),
      ${holdNs}, 'Unset'
    FROM numbers(${spans})`
}
