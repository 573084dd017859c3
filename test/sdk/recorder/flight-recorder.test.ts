// Goal: the file of the flight recorder has its place on the disk before it is written to, and what
// is copied into it tells no thread that is gone. Method: real files, /dev/full for a full disk.
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  areaBytes,
  areaCell,
  areaCount,
  AreaReader,
  areaState,
  createMemory,
  readFlight,
  takeArea,
  TextWriter,
} from '@wayward/record'
import {
  createFlightFile,
  type FlightFacts,
  FlightWriter,
  reserveArea,
} from '@wayward/sdk/recorder/flight-recorder'
import { afterEach, beforeEach, expect, test } from 'vitest'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'wayward-flight-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

const facts: FlightFacts = {
  sessionId: 'session',
  serviceName: 'shop',
  snapshotNs: 1e9,
  resource: '',
  scopeName: '@wayward/sdk',
}

test('a mapped file has its place on the disk before anything is written to it', () => {
  const { file, areas } = createFlightFile(folder, facts)
  expect(file.mode).toBe('mapped')
  const bytesOnDisk = (): number => statSync(file.path).blocks * 512
  // The area of the first thread, and the headers of all, which each thread looks at.
  const first = bytesOnDisk()
  expect(first).toBeGreaterThan(areaBytes + (areaCount - 2) * 4096)
  const memory = createMemory(areas)
  takeArea(memory)
  takeArea(memory)
  reserveArea(file, 1)
  expect(bytesOnDisk()).toBeGreaterThan(first + areaBytes - 3 * 4096)
  // What a header says stays.
  expect(takeArea(memory)?.header.byteOffset).toBe((areas?.start ?? 0) + 2 * areaBytes)
})

test('files of processes of the same number that start in the same second are told apart', () => {
  const paths = Array.from({ length: 5 }, () => createFlightFile(folder, facts).file.path)
  expect(new Set(paths).size).toBe(5)
  expect(readdirSync(folder)).toHaveLength(5)
})

test.runIf(process.platform === 'linux')('a disk that is full is told in time', () => {
  expect(() => reserveArea({ path: '/dev/full' }, 0)).toThrow(/ENOSPC/)
})

test('a thread that has ended is taken out of a file that is written now and then', () => {
  const { file } = createFlightFile(folder, facts)
  const memory = createMemory()
  const writer = new FlightWriter(file, memory.areas)
  const threads = () => readFlight(readFileSync(join(folder, readdirSync(folder)[0] ?? ''))).threads
  for (const round of [1, 2]) {
    const area = takeArea(memory)
    if (area === undefined) throw new Error('no area is free')
    expect(new TextWriter(area, () => undefined).numberOf('inventory')).toBe(2)
    area.header[areaCell.threadId] = round
    area.header[areaCell.state] = areaState.recording
    writer.write(1_800_000_000, round)
    expect(threads().map(({ threadId }) => threadId)).toEqual([round])
    new AreaReader(area).release(memory.figures)
    writer.write(1_800_000_000, round)
    expect(threads()).toEqual([])
  }
  writer.close()
})
