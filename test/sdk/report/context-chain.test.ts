// Goal: what is told of a log record or a contended request says what its task was in the middle
// of. Method: a reporter whose spans and events stay in memory.
import { ATTR_WAYWARD_CONTEXT_CHAIN, ATTR_WAYWARD_LOCK_NAME } from '@wayward/semconv'
import { expect, test } from 'vitest'
import { createRecording } from '../recording.ts'

const recording = createRecording()
const { reporter } = recording

function lastLog(): unknown {
  return recording.events().at(-1)?.attributes[ATTR_WAYWARD_CONTEXT_CHAIN]
}

test('zones and locks in the order in which they were entered, also over an await', async () => {
  const cart = reporter.lock({ name: 'cart' })
  await reporter.zone('checkout', async () => {
    const hold = cart.acquired()
    await reporter.zone('charge', async () => {
      await Promise.resolve()
      reporter.log({ body: 'charging' })
      expect(lastLog()).toEqual(['zone checkout', 'lock cart', 'zone charge'])
    })
    reporter.log({ body: 'charged' })
    expect(lastLog()).toEqual(['zone checkout', 'lock cart'])
    hold.released()
    reporter.log({ body: 'released' })
    expect(lastLog()).toEqual(['zone checkout'])
  })
  reporter.log({ body: 'done' })
  expect(lastLog()).toBeUndefined()
})

test('goes with a request that somebody stands in the way of, and with no other', () => {
  recording.reset()
  const stock = reporter.lock({ name: 'stock' })
  const other = reporter.task('other', () => stock.acquired())
  reporter.zone('pick', () => {
    const request = stock.request()
    other.released()
    request.granted().released()
    stock.request().granted().released()
  })
  const chains = recording
    .spans()
    .filter(({ attributes }) => attributes[ATTR_WAYWARD_LOCK_NAME] === 'stock')
    .map(({ name, attributes }) => [name, attributes[ATTR_WAYWARD_CONTEXT_CHAIN]])
  expect(chains).toEqual([
    ['hold stock', undefined],
    ['wait stock', ['zone pick']],
    ['hold stock', undefined],
    ['hold stock', undefined],
  ])
})

test('a zone that ended while its code goes on is not told', async () => {
  const zone = reporter.startZone('short')
  await zone.run(async () => {
    zone.end()
    await Promise.resolve()
    reporter.log({ body: 'later' })
    expect(lastLog()).toBeUndefined()
  })
})

test('of many the innermost, and of a long name its beginning', () => {
  const nest = (depth: number): void => {
    if (depth === 0) reporter.log({ body: 'deep' })
    else reporter.zone(`${depth} ${'x'.repeat(10_000)}`, () => nest(depth - 1))
  }
  nest(40)
  const chain = lastLog() as string[]
  expect(chain).toHaveLength(16)
  expect(chain.at(-1)).toBe(`zone 1 ${'x'.repeat(54)}`)
})
