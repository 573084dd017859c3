// What held, waited and ran when, for a timeline of a given width: lanes, and boxes as columns of
// numbers, which are a third of the bytes of objects.
import { fillSql, readQuestion, toParameters } from '@wayward/analyzers'
import type { Question } from './endpoint.ts'
import { type JsonSchema, objectOf } from './json-schema.ts'
import { askTable, sqlSchema, type Table } from './table.ts'
import { type Span, spanOfTime } from './time-span.ts'

/** Of a box; the later in the list, the worse. */
export const boxStates = [
  'span',
  'held',
  'processing',
  'running',
  'queued',
  'waiting',
  'error',
  'failed',
] as const

const widthByDefault = 1500
const boxesMax = 200_000
const intervalsMax = 100
const boxesQuestion = new URL('./questions/timeline.sql', import.meta.url)
const intervalsQuestion = new URL('./questions/intervals.sql', import.meta.url)

interface BoxRow {
  readonly kind: string
  readonly service: string
  readonly name: string
  readonly state: string
  readonly count: string
  readonly start_ns: string
  readonly end_ns: string
}

/** The boxes of a window. */
export async function answerTimeline(asked: Question): Promise<object> {
  const { asker, given } = asked
  const span = await spanOfTime(asked)
  const pixelNs = pixelOf(span, Number(given.width ?? widthByDefault))
  const values = {
    ...toParameters({ from: span.fromNs, to: span.toNs }),
    service: given.service ?? '',
    session: given.session ?? '',
    from_ns: String(span.fromNs),
    to_ns: String(span.toNs),
    pixel_ns: String(pixelNs),
    limit: boxesMax,
  }
  const { sql } = await readQuestion(boxesQuestion)
  const rows = await asker.store.query<BoxRow>(sql, values, asker.signal)
  return {
    from_ns: String(span.fromNs),
    to_ns: String(span.toNs),
    pixel_ns: String(pixelNs),
    states: boxStates,
    isCut: rows.length === boxesMax,
    ...toColumns(rows),
    sql: fillSql({ sql }, values, asker.database),
  }
}

function pixelOf({ fromNs, toNs }: Span, width: number): bigint {
  const pixelNs = (toNs - fromNs) / BigInt(width)
  return pixelNs > 0n ? pixelNs : 1n
}

function toColumns(rows: readonly BoxRow[]): object {
  const lanes = new Map<string, number>()
  const names: { readonly kind: string; readonly service: string; readonly name: string }[] = []
  const columns = { lane: [], state: [], count: [], start: [], end: [] } as Record<
    'lane' | 'state' | 'count' | 'start' | 'end',
    number[]
  >
  for (const { count, end_ns: endNs, kind, name, service, start_ns: startNs, state } of rows) {
    const key = JSON.stringify([kind, service, name])
    let lane = lanes.get(key)
    if (lane === undefined) {
      lane = names.push({ kind, service, name }) - 1
      lanes.set(key, lane)
    }
    columns.lane.push(lane)
    columns.state.push(boxStates.findIndex((known) => known === state))
    columns.count.push(Number(count))
    columns.start.push(Number(startNs))
    columns.end.push(Number(endNs))
  }
  return { lanes: names, boxes: columns }
}

const numbers: JsonSchema = { type: 'array', items: { type: 'number' } }
const digits: JsonSchema = { type: 'string', pattern: String.raw`^\d+$` }

/** The form of a timeline. */
export function timelineSchema(): Promise<JsonSchema> {
  const text: JsonSchema = { type: 'string' }
  const lane = objectOf({ kind: text, service: text, name: text })
  return Promise.resolve(
    objectOf({
      from_ns: { ...digits, description: 'When the window begins, nanoseconds since 1970' },
      to_ns: { ...digits, description: 'When it ends' },
      pixel_ns: { ...digits, description: 'How long a pixel is: what begins in one is one box' },
      states: { type: 'array', items: text, description: 'What the numbers in state mean' },
      isCut: { type: 'boolean', description: 'Whether there were more boxes than are sent' },
      lanes: { type: 'array', items: lane, description: 'What the numbers in lane mean' },
      boxes: {
        ...objectOf({
          lane: numbers,
          state: numbers,
          count: numbers,
          start: numbers,
          end: numbers,
        }),
        description:
          'Columns of numbers, an entry per box; start and end are nanoseconds after from_ns',
      },
      sql: sqlSchema,
    }),
  )
}

/** What was there in a lane at a moment. */
export async function answerIntervals({ asker, given }: Question): Promise<Table> {
  const from = given.fromNs ?? '0'
  return await askTable(asker, intervalsQuestion, {
    kind: given.kind ?? '',
    service: given.service ?? '',
    name: given.name ?? '',
    from_ns: from,
    to_ns: given.toNs ?? from,
    limit: intervalsMax,
  })
}
