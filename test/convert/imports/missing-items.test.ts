// Goal: what is missing of an archive is found exactly, whatever part of it is stored: each item as
// often as it is missing. Method: items of few times and few texts, so that many are alike, in
// archives of many requests; a random part of them is stored.
import { type ArchivedRequest, ArchiveError } from '@wayward/convert'
import { missingRequests } from '@wayward/convert/imports/missing-items'
import { expect, test } from 'vitest'

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
  return { signal: 'logs', body }
}

function itemsOf({ body }: ArchivedRequest): readonly Item[] {
  const { resourceLogs } = JSON.parse(body) as {
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

/** A store that answers as ClickHouse does, in lines of time, resource, scope and item. */
function storeOf(items: readonly Item[]): Raw {
  return {
    queryRaw: (_sql, _format, parameters = {}) => {
      const [from, to] = [Number(parameters['from']), Number(parameters['to'])]
      const lines = items
        .filter(({ time }) => time >= from && time < to)
        .map(({ body, time }) =>
          [
            String(time),
            JSON.stringify(resource),
            '{}',
            JSON.stringify({ timeUnixNano: String(time), body: { stringValue: body } }),
          ].join('\t'),
        )
      const bytes = Buffer.from(lines.map((line) => `${line}\n`).join(''))
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
  const untimed = { signal: 'logs', body: requestOf([{ time: 1, body: '' }]).body } as const
  const wrong = { ...untimed, body: untimed.body.replace('"1"', '"soon"') }
  await expect(missing(storeOf([]), [wrong])).rejects.toThrow('wanted nanoseconds')
})
