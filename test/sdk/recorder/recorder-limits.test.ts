// Goal: a recorder keeps to what is its own: the words of all records when names run out, and its
// memory when it has ended. Method: a recorder over memory of its own, read as the drain does.
import {
  type Area,
  AreaReader,
  cell,
  createMemory,
  factsOf,
  number,
  recordKind,
  takeArea,
} from '@wayward/record'
import { DetailBook, detailSource } from '@wayward/sdk/recorder/detail-book'
import { followRecorded } from '@wayward/sdk/recorder/recorded-operations'
import { Recorder } from '@wayward/sdk/recorder/recorder'
import { createReporterWithCore } from '@wayward/sdk/reporter'
import { context } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { afterAll, beforeAll, expect, test } from 'vitest'

beforeAll(() => void context.setGlobalContextManager(new AsyncLocalStorageContextManager()))
afterAll(() => context.disable())

function recorder(): {
  readonly area: Area
  readonly recorder: Recorder
  readonly reporter: ReturnType<typeof createReporterWithCore>
  readonly fullCount: () => number
} {
  const memory = createMemory()
  const area = takeArea(memory)
  if (area === undefined) throw new Error('no area is free')
  const rules = new DetailBook(memory)
  rules.set(detailSource.process, { '*': 'all' })
  const reporter = createReporterWithCore({ snapshots: { intervalMs: 0 } })
  const { core } = reporter
  let fullCount = 0
  const recorder = new Recorder({
    area,
    rules,
    spans: core.emitter,
    onTextsFull: () => fullCount++,
  })
  core.emitter = recorder
  core.open = followRecorded(recorder, core.open, {
    snapshot: () => undefined,
    configure: () => undefined,
  })
  return { area, recorder, reporter, fullCount: () => fullCount }
}

test('where names have run out, what is said of all operations is still said', async () => {
  const { area, reporter, fullCount } = recorder()
  const reader = new AreaReader(area)
  for (let index = 0; index < 600; index++) {
    reporter
      .lock({ name: `${index} ${'x'.repeat(990)}` })
      .acquired()
      .released()
    reader.read(() => undefined)
  }
  expect(fullCount()).toBe(1)
  await reporter.task('late', async () => {
    const lock = reporter.lock({ name: 'late' })
    const held = reporter.lock({ name: 'late too', mode: 'shared', scope: 'host' }).acquired()
    await Promise.resolve()
    lock.request().timedOut()
    lock.request().refused()
    held.released()
  })
  const mails = reporter.queue({ name: 'late' })
  mails.enqueued().dequeued().failed(new Error('late'))
  mails.enqueued().dequeued().done()
  const said: string[] = []
  reader.read(({ cells, at, texts, ...view }, kind) => {
    const text = (place: number): string => texts.textOf(cells[at * 2 + place] as number)
    const { kind: what, result } = factsOf({ cells, at, texts, ...view }, kind)
    if (what === 'told') said.push(`event ${text(cell.name)}`)
    else if (what === 'holds') said.push(`${what} ${text(cell.mode)} ${text(cell.scope)}`)
    else said.push(`${what} ${result}`)
  })
  expect(said.toSorted()).toEqual([
    'event wayward.lock.order',
    'holds shared host',
    'processes of done',
    'processes of failed',
    'waits for refused',
    'waits for timeout',
  ])
})

test('long chains of what a task was in leave room for names', () => {
  const { area, reporter, fullCount } = recorder()
  const lock = reporter.lock({ name: 'asked for' })
  reporter.task('holding', () => lock.acquired())
  const within = (depth: number): void => {
    const name = `${depth} ${'x'.repeat(900)}`
    if (depth > 0) reporter.zone(name, () => within(depth - 1))
    else lock.request().timedOut()
  }
  for (let index = 0; index < 300; index++) {
    reporter.task('asking', () => reporter.zone(`${index} in`, () => within(10)))
  }
  expect(fullCount()).toBe(0)
  const chains = new Set<string>()
  new AreaReader(area).read(({ numbers, at, texts }, kind) => {
    if (kind === recordKind.lockWait) chains.add(texts.textOf(numbers[at + number.chain] as number))
  })
  // Those before there were too many, and nothing for the others.
  expect(chains).toContain('')
  const characters = [...chains].reduce((sum, { length }) => sum + length, 0)
  expect(characters).toBeGreaterThan(60_000)
  expect(characters).toBeLessThan(70_000)
})

test('a recorder that has ended leaves its memory to whoever takes it next', () => {
  const first = recorder()
  const hold = first.reporter.lock({ name: 'first' }).acquired()
  const request = first.reporter.lock({ name: 'first' }).request()
  first.recorder.close()
  const { area } = first
  new AreaReader(area).release(createMemory().figures)
  // As the next thread would have it.
  area.tableCells.fill(77)
  area.header.fill(77)
  area.figures.fill(77)
  const before = [area.header, area.tableCells].map((cells) => Buffer.from(cells.slice().buffer))
  hold.released()
  request.cancelled()
  first.reporter.lock({ name: 'first' }).acquired()
  for (const [index, cells] of [area.header, area.tableCells].entries()) {
    expect(before[index]?.compare(Buffer.from(cells.slice().buffer))).toBe(0)
  }
})
