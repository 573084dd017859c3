// Goal: what is missing of an archive is found exactly, whatever part of it is stored: each item as
// often as it is missing. Method: items of few times and few texts, so that many are alike, in
// archives of many requests; a random part of them is stored.
import { type ArchivedRequest, ArchiveError } from '@wayward/convert'
import { missingRequests } from '@wayward/convert/imports/missing-items'
import { expect, test } from 'vitest'
import { type Cell, rowBinary } from '../row-binary.ts'

type Raw = Parameters<typeof missingRequests>[0]

interface Item {
  readonly time: number
  readonly body: string
}

const resource = { attributes: [{ key: 'service.name', value: { stringValue: 'shop' } }] }

function requestOf(items: readonly Item[]): ArchivedRequest {
  const logRecords = items.map(({ body, time }) => ({
    timeUnixNano: String(time),
    body: { stringValue: body },
  }))
  const body = JSON.stringify({
    resourceLogs: [{ resource, scopeLogs: [{ scope: {}, logRecords }] }],
  })
  return { signal: 'logs', body: Buffer.from(body) }
}

function itemsOf({ body }: ArchivedRequest): readonly Item[] {
  const { resourceLogs } = JSON.parse(body.toString()) as {
    resourceLogs: {
      scopeLogs: { logRecords: { timeUnixNano: string; body: { stringValue: string } }[] }[]
    }[]
  }
  return resourceLogs.flatMap(({ scopeLogs }) =>
    scopeLogs.flatMap(({ logRecords }) =>
      logRecords.map((one) => ({ time: Number(one.timeUnixNano), body: one.body.stringValue })),
    ),
  )
}

/** Resource and scope, and a record, in the order in which an export asks for them. */
const resourceCells: readonly Cell[] = [{ 'service.name': 'shop' }, '', '', '', {}, '']
const recordCells = (time: number, body: string): readonly Cell[] => [
  BigInt(time),
  0,
  '',
  body,
  {},
  0,
  '',
  '',
  '',
]

/** A store that answers as ClickHouse does: time, resource, scope and item. */
function storeOf(items: readonly Item[]): Raw {
  return {
    queryRaw: (_sql, _format, parameters = {}) => {
      const [from, to] = [Number(parameters['from']), Number(parameters['to'])]
      const rows = items
        .filter(({ time }) => time >= from && time < to)
        .map(({ body, time }) =>
          rowBinary([BigInt(time), ...resourceCells, ...recordCells(time, body)]),
        )
      const bytes = Buffer.concat(rows)
      return Promise.resolve(
        Object.assign(
          (async function* chunks() {
            yield bytes
          })(),
          { format: undefined },
        ),
      )
    },
  }
}

async function* asked(requests: readonly ArchivedRequest[]): AsyncGenerator<ArchivedRequest> {
  yield* requests
}

async function missing(store: Raw, requests: readonly ArchivedRequest[]): Promise<Item[]> {
  const found: Item[] = []
  for await (const one of missingRequests(store, asked(requests))) found.push(...itemsOf(one))
  return found
}

function countsOf(items: readonly Item[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const { body, time } of items) {
    const key = `${time} ${body}`
    counts[key] = (counts[key] ?? 0) + 1
  }
  return counts
}

test.each([1, 2, 3, 4, 5, 6, 7, 8])('finds what is missing (seed %i)', async (seed) => {
  let state = seed
  const random = (): number => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31
    return state / 2 ** 31
  }
  const items = Array.from({ length: 600 }, () => ({
    time: 1 + Math.floor(random() * 60),
    body: `text ${Math.floor(random() * 3)}`,
  })).toSorted((a, b) => a.time - b.time)
  const share = random()
  const stored = items.filter(() => random() < share)
  const requests = Array.from({ length: 120 }, (_, index) =>
    requestOf(items.slice(index * 5, index * 5 + 5)),
  )
  const found = await missing(storeOf(stored), requests)
  expect(countsOf([...stored, ...found])).toEqual(countsOf(items))
})

test('finds nothing where all is stored, and all where nothing is', async () => {
  const items = [1, 2, 2, 3].map((time) => ({ time, body: 'x' }))
  const requests = items.map((item) => requestOf([item]))
  expect(await missing(storeOf(items), requests)).toEqual([])
  expect(await missing(storeOf([]), requests)).toEqual(items)
})

test('refuses items that go back in time, of which it could not tell', async () => {
  const requests = [3, 1].map((time) => requestOf([{ time, body: 'x' }]))
  await expect(missing(storeOf([]), requests)).rejects.toThrow(ArchiveError)
  const { body } = requestOf([{ time: 1, body: '' }])
  const wrong = {
    signal: 'logs',
    body: Buffer.from(body.toString().replace('"1"', '"soon"')),
  } as const
  await expect(missing(storeOf([]), [wrong])).rejects.toThrow('wanted nanoseconds')
})

test('knows items of an archive of the first version, which have their empty members', async () => {
  const items = [1, 2, 3].map((time) => ({ time, body: `text ${time % 2}` }))
  const requests = items.map((item) => {
    const { body } = requestOf([item])
    const old = `"traceId":"","flags":0,"attributes":[],"eventName":"","body"`
    return { signal: 'logs', body: Buffer.from(body.toString().replace('"body"', old)) } as const
  })
  expect(await missing(storeOf(items), requests)).toEqual([])
  expect(await missing(storeOf(items.slice(1)), requests)).toEqual(items.slice(0, 1))
})
