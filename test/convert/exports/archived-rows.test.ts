// Goal: rows become the items that JSON.stringify would make of them, wherever their bytes are cut.
// Method: rows of all kinds of text, compared with objects that are parsed again.
import { ArchivedRows } from '@wayward/convert/exports/archived-rows'
import { items } from '@wayward/convert/exports/otlp-json'
import { createSlabPool, type SlabPool } from '@wayward/convert/exports/slab-pool'
import { expect, test } from 'vitest'
import { type Cell, rowBinary } from '../row-binary.ts'

const [spans, logs] = items as [(typeof items)[0], (typeof items)[0]]

interface Log {
  readonly time: bigint
  readonly body: string
  readonly service?: string
  readonly scope?: string
  readonly attributes?: Readonly<Record<string, string>>
  readonly severity?: number
}

function logRow({ attributes = {}, body, scope = '', service = 'shop', severity = 0, time }: Log) {
  const resource: readonly Cell[] = [{ 'service.name': service }, '']
  const ofScope: readonly Cell[] = [scope, '', {}, '']
  const record: readonly Cell[] = [time, severity, '', body, attributes, 0, '', '', '']
  return rowBinary([time, ...resource, ...ofScope, ...record])
}

const list = (map: Readonly<Record<string, string>>) =>
  Object.entries(map).map(([key, stringValue]) => ({ key, value: { stringValue } }))

function itemOf({ attributes = {}, body, severity = 0, time }: Log): object {
  return {
    timeUnixNano: String(BigInt.asUintN(64, time)),
    ...(severity === 0 ? {} : { severityNumber: severity }),
    body: { stringValue: body },
    ...(Object.keys(attributes).length === 0 ? {} : { attributes: list(attributes) }),
  }
}

/** Reads bytes in pieces and parses what is written. */
function written(bytes: Buffer, pieceBytes: number, slabs: SlabPool = createSlabPool(0)) {
  const rows = new ArchivedRows(logs, slabs)
  let pending = Buffer.alloc(0)
  for (let at = 0; at < bytes.length; at += pieceBytes) {
    pending = Buffer.concat([pending, bytes.subarray(at, at + pieceBytes)])
    pending = pending.subarray(rows.read(new Uint8Array(pending)))
  }
  expect(pending).toHaveLength(0)
  const lines = [...rows.requests()]
  for (const { line } of lines) expect(line.at(-1)).toBe(0x0a)
  const requests = lines.map(({ line }) => JSON.parse(line.toString()) as Request)
  slabs.give(rows.slabs)
  return { requests, counts: lines.map(({ count }) => count) }
}

interface Request {
  readonly resourceLogs: readonly {
    readonly resource: object
    readonly scopeLogs: readonly {
      readonly scope: object
      readonly logRecords: readonly object[]
    }[]
  }[]
}

const itemsOf = ({ requests }: ReturnType<typeof written>): object[] =>
  requests.flatMap(({ resourceLogs }) =>
    resourceLogs.flatMap(({ scopeLogs }) => scopeLogs.flatMap(({ logRecords }) => logRecords)),
  )

const texts = [
  '',
  'plain',
  'quote " backslash \\ slash / tab \t line \n feed \f back \b return \r',
  String.fromCharCode(...Array.from({ length: 32 }, (_, code) => code)),
  'ü 🔒 \u2028 \u007f',
  '"'.repeat(300),
  `${'long '.repeat(60_000)}"`,
]

test.each([1, 7, 64, 1_000_000])(
  'writes all texts as JSON, in pieces of %i bytes',
  (pieceBytes) => {
    const short = pieceBytes < 1_000 ? texts.slice(0, -1) : texts
    const all = short.map((body, index) => ({
      time: 1_790_000_000_000_000_000n + BigInt(index),
      body,
      attributes: index % 2 === 0 ? { [body]: 'v', other: body } : {},
      severity: index,
    }))
    const found = written(Buffer.concat(all.map(logRow)), pieceBytes)
    expect(itemsOf(found)).toEqual(all.map(itemOf))
  },
)

test('writes times of 64 bits exactly', () => {
  const times = [
    0n,
    1n,
    999_999_999n,
    1_000_000_000n,
    4_294_967_295n,
    4_294_967_296n,
    1_790_000_000_123_456_789n,
    9_223_372_036_854_775_807n,
  ]
  const all = times.map((time) => ({ time, body: '' }))
  expect(itemsOf(written(Buffer.concat(all.map(logRow)), 100))).toEqual(all.map(itemOf))
})

test('puts rows in the order of time, of each as it came, and groups what belongs together', () => {
  const first = 1_790_000_000_000_000_000n
  const offsets = [5n, 3n, 4n, 3n, 0n, 1n << 40n, (1n << 40n) - 1n]
  const all = offsets.map((offset, index) => ({
    time: first + offset,
    body: String(index),
    service: index === 2 ? 'till' : 'shop',
    scope: index === 6 ? 'other' : '',
  }))
  const found = written(Buffer.concat(all.map(logRow)), 50)
  const order = [4, 1, 3, 2, 0, 6, 5]
  expect(itemsOf(found)).toEqual(order.map((index) => itemOf(all[index] as Log)))
  const resourceLogs = found.requests[0]?.resourceLogs ?? []
  expect(resourceLogs.map(({ scopeLogs: [one] }) => one?.logRecords.length)).toEqual([
    3, 1, 1, 1, 1,
  ])
  expect(resourceLogs[1]?.resource).toEqual({ attributes: list({ 'service.name': 'till' }) })
  expect(resourceLogs[3]?.scopeLogs[0]?.scope).toEqual({ name: 'other' })
})

test('uses memory again, and writes requests of at most 500 items', () => {
  const slabs = createSlabPool(4)
  const all = Array.from({ length: 6_001 }, (_, index) => ({
    time: BigInt(index),
    body: `${index}`.padEnd(index % 500, 'x'),
  }))
  for (let round = 0; round < 3; round++) {
    const found = written(Buffer.concat(all.map(logRow)), 65_536, slabs)
    expect(found.counts).toEqual([...Array.from({ length: 12 }, () => 500), 1])
    expect(itemsOf(found)).toEqual(all.map(itemOf))
  }
})

test('writes spans without what is empty', () => {
  const rows = new ArchivedRows(spans, createSlabPool(0))
  const span = [
    'aa',
    'bb',
    '',
    '',
    'GET',
    2,
    5n,
    7n,
    { a: 'b' },
    '',
    '',
    '{"code":2,"message":"no"}',
  ]
  const row = rowBinary([5n, { 'service.name': 'shop' }, '', '', ...span])
  expect(rows.read(new Uint8Array(row))).toBe(row.length)
  const [request] = [...rows.requests()]
  expect(JSON.parse(request?.line.toString() ?? '')).toEqual({
    resourceSpans: [
      {
        resource: { attributes: list({ 'service.name': 'shop' }) },
        scopeSpans: [
          {
            scope: {},
            spans: [
              {
                traceId: 'aa',
                spanId: 'bb',
                name: 'GET',
                kind: 2,
                startTimeUnixNano: '5',
                endTimeUnixNano: '7',
                attributes: list({ a: 'b' }),
                status: { code: 2, message: 'no' },
              },
            ],
          },
        ],
      },
    ],
  })
})

test('writes what is no UTF-8 with the character that stands for it', () => {
  const row = logRow({ time: 1n, body: 'a?b' })
  row[row.indexOf('?')] = 0xff
  expect(itemsOf(written(row, 10))).toEqual([itemOf({ time: 1n, body: 'a\uFFFDb' })])
})
