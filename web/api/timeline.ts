// What held, waited and ran when, for a timeline of a given width: lanes, and runs of boxes as
// columns of numbers, which are a third of the bytes of objects.
import {
  type FilledParameters,
  fillSql,
  readQuestion,
  type Scope,
  toParameters,
} from '@wayward/analyzers'
import type { Question } from './endpoint.ts'
import { type JsonSchema, objectOf } from './json-schema.ts'
import type { Given } from './parameters.ts'
import { type Asker, askTable, sqlSchema, type Table } from './table.ts'
import { boxStates, type RunRow, toBytes, toRuns } from './timeline-boxes.ts'
import { type Span, spanOfTime } from './time-span.ts'

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

/** What the questions of the timeline have in common. */
function valuesOf({ given }: Question, span: Span): FilledParameters {
  return {
    ...toParameters({ from: span.fromNs, to: span.toNs }),
    service: given.service ?? '',
    sessions: given.session ?? [],
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
  process: ['processes'],
}

/**
 * The parts that are asked for at a time: planning a question takes ClickHouse longer than
 * answering it, and grows with its parts.
 */
const groups = [
  ['locks'],
  ['queues'],
  ['jobs', 'processes'],
  ['open'],
  ['spans'],
  ['logs'],
] as const

/** What need not be planned, because nothing of it was asked for. */
export function scopeOf({ by, find, kind, service, session: sessions }: Given): Scope {
  const wanted = partsOfKind[kind ?? by ?? '']
  const all = new Set(Object.values(partsOfKind).flat())
  return {
    empty: new Set(wanted === undefined ? [] : [...all].filter((part) => !wanted.includes(part))),
    unset: new Set(
      Object.entries({ find, service, sessions }).flatMap(([name, value]) =>
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
  const levelMs = levelFor(given, Number(pixelNs))
  const values = {
    ...valuesOf(asked, span),
    pixel_ns: String(pixelNs),
    unit_ns: String(unitNs),
    limit: boxesMax,
    ...stepsOf(span, levelMs ?? levelsMs[0]),
  }
  const scopes = scopesOf(given, levelMs !== undefined)
  const found = await Promise.all(scopes.map((scope) => askRuns(asker, scope, values)))
  const drawn = toRuns(
    found.flatMap(({ rows }) => rows),
    boxesMax,
  )
  const answer = {
    from_ns: String(span.fromNs),
    to_ns: String(span.toNs),
    pixel_ns: String(pixelNs),
    unit_ns: String(unitNs),
    states: boxStates,
    ...drawn,
    isCut: drawn.isCut || found.some(({ rows }) => countOf(rows) >= boxesMax),
    sql: found.map(({ sql }) => fillSql({ sql }, values, asker.database)).join(';\n\n'),
  }
  return given.form === 'bytes' ? { contentType: bytesType, body: toBytes(answer) } : answer
}

const bytesType = 'application/octet-stream'

/** The boxes of a part: any, or those of the worst lanes where there are too many. */
async function askRuns(
  asker: Asker,
  scope: Scope,
  values: FilledParameters,
): Promise<{ readonly rows: readonly RunRow[]; readonly sql: string }> {
  const ask = async ({ empty, unset }: Scope) => {
    const { sql } = await readQuestion(question('timeline'), { empty, unset })
    return { rows: await asker.store.query<RunRow>(sql, values, asker.signal), sql }
  }
  const any = await ask({ ...scope, empty: new Set([...scope.empty, 'worst']) })
  return countOf(any.rows) < boxesMax ? any : await ask(scope)
}

function countOf(rows: readonly RunRow[]): number {
  return rows.reduce((sum, { counts }) => sum + counts.length, 0)
}

/** Of each question, what it leaves out. */
function scopesOf(given: Given, isOfSteps: boolean): readonly Scope[] {
  const { empty, unset } = scopeOf(given)
  const all = groups.flat()
  const left = given.session === undefined ? [] : ['spans', 'logs']
  return groups.flatMap((group) => {
    const wanted = group.filter((part) => !empty.has(part) && !left.includes(part))
    if (wanted.length === 0) return []
    const inSteps = isOfSteps ? wanted.flatMap((part) => stepsOfPart[part] ?? []) : []
    const single = wanted.filter((part) => inSteps.length === 0 || stepsOfPart[part] === undefined)
    const asked: readonly string[] = [...single, ...inSteps]
    const others = [...all, ...Object.values(stepsOfPart)].filter((part) => !asked.includes(part))
    return [{ empty: new Set(others), unset }]
  })
}

/** The parts of which there are sums of steps. */
const stepsOfPart: Readonly<Record<string, string>> = {
  locks: 'lock_steps',
  queues: 'queue_steps',
}

/** The steps of which the tables keep sums, in milliseconds. */
const levelsMs = [500, 60_000] as const

/** The longest steps that are no longer than a pixel; undefined where a pixel is shorter. */
function levelFor({ by }: Given, pixelNs: number): number | undefined {
  if (by !== undefined) return undefined
  return levelsMs.findLast((ms) => ms * 1e6 <= pixelNs)
}

/** Where the steps of a window are. */
function stepsOf({ fromNs, toNs }: Span, levelMs: number): FilledParameters {
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
    sessions: given.session ?? [],
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
