// What held, waited and ran when, for a timeline of a given width: lanes, and runs of boxes as
// columns of numbers, which are a third of the bytes of objects.
import { fillSql, readQuestion, type Scope, toParameters } from '@wayward/analyzers'
import type { Question } from './endpoint.ts'
import { type JsonSchema, objectOf } from './json-schema.ts'
import type { Given } from './parameters.ts'
import { askTable, sqlSchema, type Table } from './table.ts'
import { type Span, spanOfTime } from './time-span.ts'

/** Of a box; the later in the list, the worse. */
export const boxStates = [
  'alive',
  'log',
  'span',
  'held',
  'processing',
  'running',
  'queued',
  'log_warning',
  'waiting',
  'log_error',
  'error',
  'failed',
] as const

const widthByDefault = 1500
const boxesMax = 200_000
const rowsMax = 100
const blocksMax = 200
const sumsMax = 2000
/** Places within a pixel that starts and ends are told apart by. */
const unitsPerPixel = 16n

function question(name: string): URL {
  return new URL(`./questions/${name}.sql`, import.meta.url)
}

interface RunRow {
  readonly kind: string
  readonly service: string
  readonly name: string
  readonly state: string
  readonly counts: readonly number[]
  readonly starts: readonly number[]
  readonly ends: readonly number[]
}

/** What the questions of the timeline have in common. */
function valuesOf({ given }: Question, span: Span): Readonly<Record<string, string | number>> {
  return {
    ...toParameters({ from: span.fromNs, to: span.toNs }),
    service: given.service ?? '',
    session: given.session ?? '',
    from_ns: String(span.fromNs),
    to_ns: String(span.toNs),
    by: given.by ?? '',
    find: given.find ?? '',
  }
}

/** The parts of lane_intervals, by the kind of lane that they are for. */
const partsOfKind: Readonly<Record<string, readonly string[]>> = {
  lock: ['locks', 'open'],
  queue: ['queues', 'open'],
  job: ['jobs', 'open'],
  thread: ['locks', 'queues', 'jobs', 'open'],
  task: ['locks', 'queues', 'jobs', 'open'],
  span: ['spans'],
  log: ['logs'],
  process: [],
}

/** What need not be planned, because nothing of it was asked for. */
export function scopeOf({ by, kind, service, session }: Given): Scope {
  const wanted = partsOfKind[kind ?? by ?? '']
  const all = new Set(Object.values(partsOfKind).flat())
  return {
    empty: new Set(wanted === undefined ? [] : [...all].filter((part) => !wanted.includes(part))),
    unset: new Set(
      Object.entries({ service, session }).flatMap(([name, value]) =>
        value === undefined ? [name] : [],
      ),
    ),
  }
}

/** The boxes of a window. */
export async function answerTimeline(asked: Question): Promise<object> {
  const { asker, given } = asked
  const span = await spanOfTime(asked)
  const pixelNs = atLeastOne((span.toNs - span.fromNs) / BigInt(given.width ?? widthByDefault))
  const unitNs = atLeastOne(pixelNs / unitsPerPixel)
  const values = {
    ...valuesOf(asked, span),
    pixel_ns: String(pixelNs),
    unit_ns: String(unitNs),
    limit: boxesMax,
    ...stepsOf(span, levelFor(given, Number(pixelNs)) ?? levelsMs[0]),
  }
  const levelMs = levelFor(given, Number(pixelNs))
  const scope = scopeOf(given)
  const left = levelMs === undefined ? ['steps'] : ['locks', 'queues']
  const { sql } = await readQuestion(question('timeline'), {
    ...scope,
    empty: new Set([...scope.empty, ...left]),
  })
  const rows = await asker.store.query<RunRow>(sql, values, asker.signal)
  return {
    from_ns: String(span.fromNs),
    to_ns: String(span.toNs),
    pixel_ns: String(pixelNs),
    unit_ns: String(unitNs),
    states: boxStates,
    isCut: rows.reduce((sum, { counts }) => sum + counts.length, 0) === boxesMax,
    ...toRuns(rows),
    sql: fillSql({ sql }, values, asker.database),
  }
}

/** The steps of which the tables keep sums, in milliseconds. */
const levelsMs = [500, 60_000] as const

/** The longest steps that are no longer than a pixel; undefined where a pixel is shorter. */
function levelFor({ by }: Given, pixelNs: number): number | undefined {
  if (by !== undefined) return undefined
  return levelsMs.findLast((ms) => ms * 1e6 <= pixelNs)
}

/** Where the steps of a window are. */
function stepsOf(
  { fromNs, toNs }: Span,
  levelMs: number,
): Readonly<Record<string, string | number>> {
  const levelNs = BigInt(levelMs) * 1_000_000n
  const [first, last] = [fromNs / levelNs, toNs / levelNs]
  const { from = '', to = '' } = toParameters({ from: (first + 1n) * levelNs, to: last * levelNs })
  return {
    level_ms: levelMs,
    first_step: String(first),
    last_step: String(last),
    inner_from: from,
    inner_to: to,
  }
}

function atLeastOne(ns: bigint): bigint {
  return ns > 0n ? ns : 1n
}

function toRuns(rows: readonly RunRow[]): object {
  const lanes = new Map<string, number>()
  const names: { readonly kind: string; readonly service: string; readonly name: string }[] = []
  const runs = rows.map(({ counts, ends, kind, name, service, starts, state }) => {
    const key = JSON.stringify([kind, service, name])
    let lane = lanes.get(key)
    if (lane === undefined) {
      lane = names.push({ kind, service, name }) - 1
      lanes.set(key, lane)
    }
    const place = boxStates.findIndex((known) => known === state)
    return { lane, state: place, count: counts, start: starts, end: ends }
  })
  return { lanes: names, runs }
}

const numbers: JsonSchema = { type: 'array', items: { type: 'number' } }
const digits: JsonSchema = { type: 'string', pattern: String.raw`^\d+$` }

/** The form of a timeline. */
export function timelineSchema(): Promise<JsonSchema> {
  const text: JsonSchema = { type: 'string' }
  const lane = objectOf({ kind: text, service: text, name: text })
  const run = objectOf({
    lane: { type: 'integer', description: 'A place in lanes' },
    state: { type: 'integer', description: 'A place in states' },
    count: { ...numbers, description: 'How many are in each box' },
    start: { ...numbers, description: 'When each box begins, in unit_ns after from_ns' },
    end: { ...numbers, description: 'When each box ends' },
  })
  return Promise.resolve(
    objectOf({
      from_ns: { ...digits, description: 'When the window begins, nanoseconds since 1970' },
      to_ns: { ...digits, description: 'When it ends' },
      pixel_ns: { ...digits, description: 'How long a pixel is: what begins in one is one box' },
      unit_ns: { ...digits, description: 'In what starts and ends are counted' },
      states: { type: 'array', items: text, description: 'The later, the worse' },
      isCut: { type: 'boolean', description: 'Whether there were more boxes than are sent' },
      lanes: { type: 'array', items: lane, description: 'The worst first' },
      runs: { type: 'array', items: run, description: 'The boxes of a state of a lane, in order' },
      sql: sqlSchema,
    }),
  )
}

/** What was there in a lane at a moment. */
export async function answerIntervals({ asker, given }: Question): Promise<Table> {
  const from = given.fromNs ?? '0'
  return await askTable(asker, question('intervals'), {
    kind: given.kind ?? '',
    service: given.service ?? '',
    session: given.session ?? '',
    name: given.name ?? '',
    from_ns: from,
    to_ns: given.toNs ?? from,
    limit: rowsMax,
  })
}

/** What was held, waited and run in each lane within the window, together. */
export async function answerSums(asked: Question): Promise<Table> {
  const span = await spanOfTime(asked)
  return await askTable(
    asked.asker,
    question('sums'),
    {
      ...valuesOf(asked, span),
      limit: sumsMax,
    },
    scopeOf(asked.given),
  )
}

/** The longest waits within the window, and who held the lock meanwhile. */
export async function answerBlocks(asked: Question): Promise<Table> {
  const span = await spanOfTime(asked)
  return await askTable(asked.asker, question('blocks'), {
    ...valuesOf(asked, span),
    limit: blocksMax,
  })
}
