// Goal: a file of the flight recorder is read as far as it is good, whatever is in it. Method: real
// recordings in memory, written as a file, then cut, damaged and shaken with seeded numbers.
import {
  areaCell,
  areaOf,
  areasOfFlight,
  cell,
  createFlight,
  createMemory,
  factsOf,
  flightBytes,
  FlightError,
  type FlightHead,
  flightLife,
  number,
  readFlight,
  recordKind,
  ringPlace,
  layoutVersion,
} from '@wayward/record'
import { DetailBook, detailSource } from '@wayward/sdk/recorder/detail-book'
import { followRecorded } from '@wayward/sdk/recorder/recorded-operations'
import { Recorder } from '@wayward/sdk/recorder/recorder'
import { createReporterWithCore } from '@wayward/sdk/reporter'
import { describe, expect, test } from 'vitest'
import { flightRequests } from '@wayward/convert'

const head: FlightHead = {
  pid: 4711,
  processStart: 0,
  host: 'box',
  sessionId: 'session',
  serviceName: 'shop',
  startedAt: '2026-11-28T10:00:00.000Z',
  mode: 'mapped',
  snapshotNs: 1e9,
  resource: '',
  scopeName: '@wayward/sdk',
}

/** A file in which a thread has recorded. */
function record(
  action: (reporter: ReturnType<typeof createReporterWithCore>, header: Int32Array) => void,
): Uint8Array {
  const file = new Uint8Array(flightBytes)
  file.set(createFlight(head))
  const memory = createMemory(areasOfFlight(file.buffer))
  const area = areaOf(memory.areas, 0)
  const rules = new DetailBook(memory)
  rules.set(detailSource.process, { '*': 'all' })
  const reporter = createReporterWithCore({ snapshots: { intervalMs: 0 } })
  const { core } = reporter
  const recorder = new Recorder({ area, rules, spans: core.emitter, onTextsFull: () => undefined })
  core.emitter = recorder
  core.open = followRecorded(recorder, core.open, {
    snapshot: () => undefined,
    configure: () => undefined,
  })
  area.header[areaCell.state] = 2
  action(reporter, area.header)
  return file
}

function namesOf(file: Uint8Array, unsentOnly = false): string[] {
  const names: string[] = []
  for (const thread of readFlight(file).threads) {
    thread.read(unsentOnly, (view, kind) => names.push(factsOf(view, kind).name))
  }
  return names
}

const some = (): Uint8Array =>
  record((reporter) => {
    const lock = reporter.lock({ name: 'inventory' })
    for (let index = 0; index < 100; index++) lock.acquired().released()
    reporter.lock({ name: 'held' }).acquired()
    lock.request()
    reporter
      .queue({ name: 'mails' })
      .enqueued({ id: 'ü'.repeat(50) })
      .dequeued()
      .done()
    reporter.startZone('open zone')
  })

describe('a file', () => {
  test('tells what was open and what had ended', () => {
    const flight = readFlight(some())
    expect(flight.head).toEqual(head)
    const [thread] = flight.threads
    const open = thread?.open().map((view) => {
      const kind = (view.cells[view.at * 2] as number) & 0xff
      const { kind: what, name } = factsOf(view, kind)
      return `${what} ${name}`
    })
    expect(open?.toSorted()).toEqual(['holds held', 'runs open zone', 'waits for inventory'])
    expect(namesOf(some())).toEqual([...Array.from({ length: 100 }, () => 'inventory'), 'mails'])
  })

  test('tells the newest that are still there where the ring went round many times', () => {
    const file = record((reporter, header) => {
      const lock = reporter.lock({ name: 'inventory' })
      for (let index = 0; index < 50_000; index++) {
        lock.acquired().released()
        // Whoever reads has read all.
        if (index % 1000 === 0) header[areaCell.tail] = header[areaCell.head] as number
      }
    })
    expect(namesOf(file).length).toBeGreaterThan(3000)
    expect(readFlight(file).threads[0]?.isTorn).toBe(false)
  })

  test('of which nothing was sent for long has all that is still there to be sent', () => {
    const file = record((reporter, header) => {
      const lock = reporter.lock({ name: 'inventory' })
      for (let index = 0; index < 20_000; index++) {
        lock.acquired().released()
        // Whoever reads has read all, and keeps it.
        header[areaCell.tail] = header[areaCell.head] as number
      }
    })
    const unsent = namesOf(file, true)
    expect(unsent.length).toBeGreaterThan(3000)
    expect(unsent).toEqual(namesOf(file))
    expect(readFlight(file).threads[0]?.isPartLost).toBe(true)
  })

  test('of which all was sent has nothing to be sent, and still tells it', () => {
    const file = some()
    const { header } = areaOf(areasOfFlight(file.buffer), 0)
    header[areaCell.sent] = header[areaCell.tail] = header[areaCell.head] as number
    expect(namesOf(file, true)).toEqual([])
    expect(namesOf(file)).toHaveLength(101)
    const { spans, open, damaged } = flightRequests(readFlight(file))
    expect({ spans, open, damaged }).toEqual({ spans: 0, open: 2, damaged: 0 })
  })

  test('is read as far as it goes where it is cut', () => {
    const file = some()
    for (const length of [flightBytes - 1, 3_000_000, 700_000, 65_536, 65_480]) {
      const flight = readFlight(file.slice(0, length))
      expect(flight.missingBytes).toBe(flightBytes - length)
      expect(() => flightRequests(flight)).not.toThrow()
    }
  })

  test('is read up to a record that is damaged', () => {
    const file = some()
    const [thread] = readFlight(file.slice(0, 12_000_000)).threads
    let place = 0
    thread?.read(false, (view) => {
      place ||= view.end
    })
    // The length of the second record.
    const at = 65_536 + ringPlace.start + place * ringPlace.unitBytes + 4
    new DataView(file.buffer).setInt32(at, 0, true)
    expect(readFlight(file.slice(0, 12_000_000)).threads[0]?.isTorn).toBe(true)
    expect(namesOf(file)).toEqual(['inventory'])
  })

  test.each([
    ['nothing', (file: Uint8Array) => file.slice(0, 0)],
    ['something else', () => new TextEncoder().encode('not a recording at all')],
    ['a head only', (file: Uint8Array) => file.slice(0, 12)],
    [
      'another version',
      (file: Uint8Array) => {
        new DataView(file.buffer).setUint32(8, layoutVersion + 1, true)
        return file
      },
    ],
    [
      'a head that is too long',
      (file: Uint8Array) => {
        new DataView(file.buffer).setUint32(12, 1_000_000, true)
        return file
      },
    ],
    ['a head that is no JSON', (file: Uint8Array) => file.fill(7, 16, 40)],
  ])('that is %s is refused', (_name, spoil) => {
    expect(() => readFlight(spoil(some()))).toThrow(FlightError)
  })
})

describe('whatever is in a file', () => {
  test('what was open is told in a slot that is damaged, or left out', () => {
    const file = record((reporter) => reporter.queue({ name: 'mails' }).enqueued({ id: 'first' }))
    const { tableCells } = areaOf(areasOfFlight(file.buffer), 0)
    const said = [cell.textBytes, cell.heldTold, cell.flags, cell.name, cell.type, number.size * 2]
    for (const place of said) {
      const before = tableCells[place] as number
      for (const wrong of [-1, 33, 1000, 2 ** 31 - 1, -(2 ** 31), 0xffff]) {
        tableCells[place] = wrong
        for (const thread of readFlight(file).threads) {
          for (const view of thread.open()) factsOf(view, recordKind.queueWait)
        }
        expect(() => flightRequests(readFlight(file))).not.toThrow()
      }
      tableCells[place] = before
    }
    expect(readFlight(file).threads[0]?.open()).toHaveLength(1)
  })

  test('it is read to an end, and nothing is thrown', () => {
    // What stands behind the first area is not read.
    const whole = some().slice(0, 12_000_000)
    let seed = 12_345
    const random = (below: number): number => {
      seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648
      return Math.floor((seed / 2_147_483_648) * below)
    }
    const places = [
      [65_536, 512],
      [65_536 + 512, 2000],
      [65_536 + 512 + 512 * 1024, 4096],
      [65_536 + ringPlace.start, 40_000],
      [flightLife.start, 64],
    ] as const
    for (let round = 0; round < 40; round++) {
      const file = whole.slice()
      // The states of areas stay: a free one is not read.
      for (let change = 0; change < 40; change++) {
        const [start, length] = places[random(places.length)] as (typeof places)[number]
        const at = start + random(length / 4) * 4
        if (at !== 65_536)
          new DataView(file.buffer).setInt32(at, random(2) ? -1 : random(70_000), true)
      }
      const flight = readFlight(file)
      for (const thread of flight.threads) {
        thread.open()
        thread.read(false, (view, kind) => {
          if (kind !== recordKind.forgotten) factsOf(view, kind)
        })
      }
      flightRequests(flight)
    }
  })
})
