import type { Sender } from '@wayward/collector/consumer'
import {
  createLedger,
  type Ledger,
  type LedgerNote,
} from '@wayward/collector/telemetry/ledger/ledger'
import { createLedgerBlock } from '@wayward/collector/telemetry/ledger/ledger-block'
import { createLedgerWriter } from '@wayward/collector/telemetry/ledger/ledger-writer'
import { describe, expect, test, beforeEach } from 'vitest'
import { createFakeTime } from '../../../harness/fake-time.ts'

const limits = { ledgerEntriesMax: 100, ledgerEntriesPerAddressMax: 10 }
const instance = { host: 'here', pid: 1, startMs: 0 }

function sender(address: string, agent = '', identity = ''): Sender {
  return { receiver: 'otlp_http', address, agent, identity }
}

function refused(from: Sender, message = ''): LedgerNote {
  const { receiver } = from
  return {
    event: 'refused',
    reason: 'malformed',
    sender: { ...from, receiver },
    signal: 'logs',
    requests: 1,
    bytes: 10,
    message,
  }
}

/** A ledger whose clock goes on by a millisecond with every note. */
function startLedger(): Ledger {
  let nowMs = 0
  return createLedger(limits, () => ++nowMs)
}

function sumOf(ledger: Ledger): { entries: number; requests: number; bytes: number } {
  const entries = ledger.take()
  ledger.written()
  return {
    entries: entries.length,
    requests: entries.reduce((sum, { requests }) => sum + requests, 0),
    bytes: entries.reduce((sum, { bytes }) => sum + bytes, 0),
  }
}

describe('note()', () => {
  test('sums up what is alike, from the first time to the last, with the first message', () => {
    const ledger = startLedger()
    ledger.note(refused(sender('10.0.0.1', 'a'), 'first'))
    ledger.note(refused(sender('10.0.0.1', 'a'), 'second'))
    ledger.note(refused(sender('10.0.0.1', 'b'), 'x'.repeat(1000)))
    const [one, other] = ledger.take()
    expect(one).toMatchObject({
      event: 'refused',
      reason: 'malformed',
      receiver: 'otlp_http',
      signal: 'logs',
      address: '10.0.0.1',
      agent: 'a',
      requests: 2,
      items: 0,
      bytes: 20,
      firstMs: 1,
      lastMs: 2,
      message: 'first',
    })
    expect(other?.message).toHaveLength(300)
    expect(ledger.size).toBe(2)
    ledger.written()
    expect(ledger.size).toBe(0)
  })

  test('takes no more room for a flood of agents from one address', () => {
    const ledger = startLedger()
    for (let index = 0; index < 10_000; index++) {
      ledger.note(refused(sender('10.0.0.1', `agent ${index} ${'x'.repeat(10_000)}`)))
    }
    ledger.note(refused(sender('10.0.0.2')))
    expect(ledger.overflows).toBe(9_990)
    const entries = ledger.take()
    expect(entries).toHaveLength(12)
    expect(entries.find(({ agent }) => agent === 'other')).toMatchObject({
      address: '10.0.0.1',
      requests: 9_990,
    })
    expect(Math.max(...entries.map(({ agent }) => agent.length))).toBe(128)
  })

  test('takes no more room for a flood of addresses, and keeps some for senders with a name', () => {
    const ledger = startLedger()
    for (let index = 0; index < 10_000; index++) ledger.note(refused(sender(`10.0.${index}`)))
    for (let index = 0; index < 10_000; index++) {
      ledger.note(refused(sender('10.9.9.9', '', `client ${index % 20}`)))
    }
    const entries = ledger.take()
    expect(entries.length).toBeLessThanOrEqual(102)
    expect(entries.filter(({ identity }) => identity !== '').length).toBeGreaterThanOrEqual(10)
    const other = entries.filter(({ address }) => address === 'other')
    expect(other).toMatchObject([{ agent: 'other', identity: '' }])
    expect(entries.reduce((sum, { requests }) => sum + requests, 0)).toBe(20_000)
  })

  test('keeps rows of tables apart from senders', () => {
    const ledger = startLedger()
    for (let index = 0; index < 200; index++) ledger.note(refused(sender(`10.0.${index}`)))
    ledger.note({ event: 'lost', reason: 'shutdown', table: 'otel_logs', items: 7, bytes: 70 })
    expect(ledger.take().find(({ event }) => event === 'lost')).toMatchObject({
      table: 'otel_logs',
      receiver: '',
      address: '',
      requests: 0,
      items: 7,
    })
  })
})

test('giveBack() sums up with what came meanwhile, within the bounds', () => {
  const ledger = startLedger()
  for (let index = 0; index < 60; index++) ledger.note(refused(sender(`10.0.0.${index}`)))
  const taken = ledger.take()
  for (let index = 30; index < 160; index++) ledger.note(refused(sender(`10.0.0.${index}`)))
  ledger.giveBack(taken)
  expect(ledger.size).toBeLessThanOrEqual(101)
  expect(sumOf(ledger)).toMatchObject({ requests: 190, bytes: 1900 })
})

describe('a writer', () => {
  const writerLimits = { ledgerIntervalMs: 5, ledgerRowsPerSecondMax: 100 }
  let time = createFakeTime()
  beforeEach(() => {
    time = createFakeTime()
  })

  test('writes nothing where nothing happened, and pauses after many rows', async () => {
    const ledger = startLedger()
    const rows: number[] = []
    const writer = createLedgerWriter({
      ledger,
      instance,
      time,
      limits: writerLimits,
      commit(block) {
        rows.push(block.rows)
        return Promise.resolve(true)
      },
    })
    writer.start()
    await time.pass(30)
    expect(rows).toEqual([])
    for (let index = 0; index < 50; index++) ledger.note(refused(sender(`10.0.0.${index}`)))
    await time.pass(5)
    ledger.note(refused(sender('10.0.0.1')))
    // 50 rows at 100 rows a second: the next comes half a second later.
    await time.pass(499)
    expect(rows).toEqual([50])
    await time.pass(1)
    expect(rows).toEqual([50, 1])
    writer.stop()
  })

  test('keeps what could not be written', async () => {
    const ledger = startLedger()
    let hasRoom = false
    const writer = createLedgerWriter({
      ledger,
      instance,
      time,
      limits: writerLimits,
      commit: () => Promise.resolve(hasRoom),
    })
    ledger.note(refused(sender('10.0.0.1')))
    await writer.flush()
    ledger.note(refused(sender('10.0.0.1')))
    expect(ledger.size).toBe(1)
    hasRoom = true
    await writer.flush()
    expect(ledger.size).toBe(0)
  })

  test('gives up the last entries where ClickHouse does not answer', async () => {
    const ledger = startLedger()
    const writer = createLedgerWriter({
      ledger,
      instance,
      time,
      limits: writerLimits,
      commit: () => Promise.resolve(false),
    })
    ledger.note(refused(sender('10.0.0.1')))
    const store = { insertNative: () => new Promise<never>(() => undefined) }
    expect(await time.until(writer.insertLast(store, 20))).toBe(1)
  })
})

test('a block of as many entries as there can be is small', () => {
  const ledger = startLedger()
  for (let index = 0; index < 10_000; index++) {
    ledger.note(refused(sender(`10.0.${index}`, 'x'.repeat(10_000)), 'y'.repeat(10_000)))
  }
  const block = createLedgerBlock(ledger.take(), instance)
  expect([block.rows, block.days]).toEqual([76, 1])
  expect(block.bytes).toBeLessThan(76 * 600)
})
