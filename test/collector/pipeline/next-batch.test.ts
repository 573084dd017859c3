import { type Batch, createBatch } from '@wayward/collector/pipeline/batch'
import { chooseNext, type WaitingBatches } from '@wayward/collector/pipeline/next-batch'
import { describe, expect, test } from 'vitest'

const limits = { batchRowsEnough: 100, batchBytesMax: 1_000, insertIntervalMs: 1_000 }
const nowMs = 10_000

/** A batch with rows that are safe in the journal. */
function batchOf(rows: number, bytes = rows): Batch {
  const batch = createBatch()
  batch.reserve({ rows, bytes, days: 1 })
  batch.settle({ table: 't', token: batch.token, rows, byteLength: bytes }, nowMs)
  return batch
}

function closedOf(rows: number): Batch {
  const batch = batchOf(rows)
  batch.close()
  return batch
}

function refused(batch: Batch, times: number): Batch {
  for (let index = 0; index < times; index++) {
    batch.countFailure({ isAnswer: true, isForGood: true })
  }
  return batch
}

function waiting(some: Partial<WaitingBatches>): WaitingBatches {
  return {
    open: createBatch(),
    closed: [],
    postponed: [],
    lastTried: undefined,
    lastStartMs: Number.NEGATIVE_INFINITY,
    isDraining: false,
    ...some,
  }
}

const choose = (some: Partial<WaitingBatches>): ReturnType<typeof chooseNext> =>
  chooseNext(waiting(some), nowMs, limits)

describe('chooseNext() waits', () => {
  test('for something to come where there is nothing', () => {
    expect(choose({})).toEqual({ kind: 'wait', untilMs: undefined })
  })

  test('for the interval after the last insert where there is little', () => {
    const little = { open: batchOf(10), lastStartMs: nowMs - 400 }
    expect(choose(little)).toEqual({ kind: 'wait', untilMs: nowMs + 600 })
  })

  test('for a frame that is being written with the token', () => {
    const open = batchOf(200)
    open.reserve({ rows: 1, bytes: 1, days: 1 })
    expect(choose({ open })).toEqual({ kind: 'wait', untilMs: undefined })
    open.close()
    const next = { closed: [open, closedOf(1)] }
    expect(choose(next)).toEqual({ kind: 'wait', untilMs: undefined })
  })

  test('for a postponed one, where nothing else is due before', () => {
    const postponed = closedOf(5)
    postponed.postpone(nowMs + 300)
    expect(choose({ postponed: [postponed] })).toEqual({ kind: 'wait', untilMs: nowMs + 300 })
    const little = { open: batchOf(10), lastStartMs: nowMs - 900, postponed: [postponed] }
    expect(choose(little)).toEqual({ kind: 'wait', untilMs: nowMs + 100 })
  })
})

describe('chooseNext() closes the open batch', () => {
  test.each<[string, Partial<WaitingBatches>]>([
    ['after the interval', { open: batchOf(1), lastStartMs: nowMs - 1_000 }],
    ['with enough rows', { open: batchOf(100), lastStartMs: nowMs }],
    ['nearly full of bytes', { open: batchOf(10, 900), lastStartMs: nowMs }],
    ['when nothing more comes', { open: batchOf(1), lastStartMs: nowMs, isDraining: true }],
  ])('%s', (_when, some) => {
    expect(choose(some)).toEqual({ kind: 'close' })
  })

  test('to ask whether it is the table or the batch', () => {
    const head = refused(closedOf(5), 4)
    const some = { open: batchOf(1), closed: [head], lastTried: head, lastStartMs: nowMs }
    expect(choose(some)).toEqual({ kind: 'close' })
  })
})

describe('chooseNext() inserts', () => {
  test('the oldest first, however often it was refused', () => {
    const [head, other] = [refused(closedOf(5), 3), closedOf(6)]
    expect(choose({ closed: [head, other], lastTried: head })).toEqual({
      kind: 'insert',
      batch: head,
    })
  })

  test('the second in turn with one that was refused four times', () => {
    const [head, other] = [refused(closedOf(5), 4), closedOf(6)]
    const closed = [head, other]
    expect(choose({ closed, lastTried: head })).toEqual({ kind: 'insert', batch: other })
    expect(choose({ closed, lastTried: other })).toEqual({ kind: 'insert', batch: head })
  })

  test('one that was refused again where there is no other', () => {
    const head = refused(closedOf(5), 9)
    expect(choose({ closed: [head], lastTried: head })).toEqual({ kind: 'insert', batch: head })
  })

  test('a postponed one at its moment', () => {
    const postponed = closedOf(5)
    postponed.postpone(nowMs)
    expect(choose({ closed: [closedOf(1)], postponed: [postponed] })).toEqual({
      kind: 'insert',
      batch: postponed,
    })
  })
})

describe('a batch', () => {
  test('takes no block when it is closed', () => {
    const batch = closedOf(1)
    expect(() => batch.reserve({ rows: 1, bytes: 1, days: 1 })).toThrow('is closed and takes no')
    expect(() => batch.settle(undefined, nowMs)).toThrow('has no block under way')
    expect(() => createBatch().postpone(nowMs)).toThrow('is open and cannot be postponed')
  })

  test('counts no block that the journal did not take', () => {
    const batch = batchOf(3)
    batch.reserve({ rows: 5, bytes: 50, days: 1 })
    expect([batch.rows, batch.bytes, batch.blocksUnderWay]).toEqual([8, 53, 1])
    batch.settle(undefined, nowMs)
    expect([batch.rows, batch.bytes, batch.blocksUnderWay]).toEqual([3, 3, 0])
  })
})
