// What a stats file costs who writes it and who reads it, and whether readers see torn values.
import {
  counter,
  createStats,
  double,
  type MmStats,
  openStatsReader,
  percentiles,
  timer,
  timeWindow,
} from '@wayward/mmstats'
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Bench, Figure } from './bench.ts'
import { benchProgram } from './load/service.ts'

interface Sizes {
  readonly updates: number
  readonly files: number
  readonly rounds: number
  /** Values that are read beside a writer at full speed. */
  readonly values: number
}

const sizes: Readonly<Record<'tiny' | 'full', Sizes>> = {
  tiny: { updates: 2000, files: 3, rounds: 2, values: 20_000 },
  full: { updates: 5_000_000, files: 1000, rounds: 10, values: 100_000_000 },
}

const fieldsPerFile = 50

export const mmstatsBench: Bench = {
  name: 'mmstats',
  async run(size) {
    const folder = mkdtempSync(join(tmpdir(), 'mmstats-bench-'))
    try {
      const sizesNow = sizes[size]
      return [
        ...updateFigures(folder, sizesNow.updates),
        ...pollFigures(folder, sizesNow),
        ...(await tornFigures(folder, sizesNow.values)),
      ]
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  },
}

function updateFigures(path: string, updates: number): Figure[] {
  const nothing = measure('nothing, in the same loop', updates, () => undefined)
  const figures = (['mapped', 'written'] as const).flatMap((backing) => {
    const times = backing === 'mapped' ? updates : Math.ceil(updates / 50)
    const stats = createStats(
      { hits: counter(), level: double(), lap: timer() },
      { path, filename: `updates-${backing}`, backing },
    )
    const figures = [
      ...measure(`counter, ${backing}`, times, () => stats.hits.increment()),
      ...measure(`double, ${backing}`, times, (index) => {
        stats.level.value = index + 0.5
      }),
    ]
    stats.remove()
    return figures
  })
  return [
    ...nothing,
    ...figures,
    ...lapFigures(path, updates / 5),
    ...severalFigures(path, updates / 20),
  ]
}

function lapFigures(path: string, times: number): Figure[] {
  let reads = 0
  const counted = timer({ clock: () => ++reads })
  const fields = { plain: timer(), counted, added: timer() }
  const stats = createStats(fields, { path, filename: 'laps' })
  stats.counted.end(stats.counted.begin())
  let sum = 0
  const clock = measure('two reads of the clock', times, () => {
    sum += performance.now() + performance.now()
  })
  const lap = measure('timer lap', times, () => stats.plain.start().stop())
  const bare = measure('timer lap without an object', times, () =>
    stats.plain.end(stats.plain.begin()),
  )
  const add = measure('timer, seconds measured elsewhere', times, (index) => {
    stats.added.add(index + 0.5)
  })
  stats.remove()
  return [
    ...clock,
    ...lap,
    ...bare,
    { name: 'timer lap, reads of the clock', value: sum > 0 ? reads : 0, unit: '' },
    ...add,
  ]
}

function severalFigures(path: string, times: number): Figure[] {
  const fields = { ranks: percentiles(), last: timeWindow() }
  const stats = createStats(fields, { path, filename: 'several' })
  const figures = [
    ...measure('percentiles of 1000', times, (index) => stats.ranks.add((index * 7919) % 1009)),
    ...measure('the last 60 s', times, (index) => stats.last.add(index + 0.5)),
  ]
  stats.remove()
  return figures
}

/** So few that no collection comes between, which would hide what was taken from the heap. */
const watchedTimes = 20_000

/** The best of three rounds after one to warm up, and what an update takes from the heap then. */
function measure(name: string, times: number, action: (index: number) => void): Figure[] {
  let best = Number.POSITIVE_INFINITY
  for (let round = 0; round < 4; round++) {
    const start = process.hrtime.bigint()
    for (let index = 0; index < times; index++) action(index)
    const ns = Number(process.hrtime.bigint() - start) / times
    if (round > 0) best = Math.min(best, ns)
  }
  globalThis.gc?.()
  const before = process.memoryUsage().heapUsed
  for (let index = 0; index < watchedTimes; index++) action(index)
  const bytes = (process.memoryUsage().heapUsed - before) / watchedTimes
  return [
    { name, value: best, unit: 'ns' },
    // The measurement itself takes a kilobyte or two for all of them.
    { name: `${name}, from the heap`, value: Math.max(0, Math.round(bytes)), unit: 'bytes' },
  ]
}

function pollFigures(path: string, { files, rounds }: Sizes): Figure[] {
  const models: MmStats[] = []
  const readers = Array.from({ length: files }, (_, file) => {
    const fields = Object.fromEntries(
      Array.from({ length: fieldsPerFile }, (_entry, index) => [
        `handler.${index}.requests`,
        index % 2 === 0 ? counter() : double(),
      ]),
    )
    const model = createStats(fields, { path, filename: `poll-${file}`, defaults: false })
    models.push(model)
    return openStatsReader(model.filename)
  })
  const readAll = (): number =>
    readers.reduce((total, reader) => total + reader.read().stats.length, 0)
  let fields = readAll()
  const start = process.cpuUsage()
  for (let round = 0; round < rounds; round++) fields = readAll()
  const { user, system } = process.cpuUsage(start)
  const cpuMs = (user + system) / 1000 / rounds
  for (const reader of readers) reader.close()
  for (const model of models) model.remove()
  return [
    { name: `a turn over ${files} files`, value: cpuMs, unit: 'CPU ms' },
    { name: 'of a core, at 1 Hz', value: cpuMs / 10, unit: '%' },
    { name: 'fields in a turn', value: fields, unit: '' },
  ]
}

/**
 * Each of 50 doubles only ever holds numbers whose two halves are the same, which one that is put
 * together from two stores does not have; a process writes them without a rest.
 */
async function tornFigures(path: string, wanted: number): Promise<Figure[]> {
  const child = spawn(
    process.execPath,
    [benchProgram('load/torn-writer'), path, String(fieldsPerFile)],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  )
  const filename = await new Promise<string>((resolve) => {
    child.stdout.once('data', (data: Buffer) => resolve(data.toString().trim()))
  })
  const reader = openStatsReader(filename)
  const halves = new Int32Array(2)
  const whole = new Float64Array(halves.buffer)
  let values = 0
  let torn = 0
  let changes = 0
  let last = 0
  const start = performance.now()
  while (values < wanted) {
    for (const { value } of reader.read().stats) {
      whole[0] = Number(value)
      if (halves[0] !== halves[1]) torn++
      values++
    }
    if (whole[0] !== last) changes++
    last = whole[0] ?? 0
  }
  const seconds = (performance.now() - start) / 1000
  reader.close()
  child.kill('SIGKILL')
  return [
    { name: 'values read beside a writer at full speed', value: values, unit: '' },
    { name: 'of them torn', value: torn, unit: '' },
    { name: 'readings in which the last field had changed', value: changes, unit: '' },
    { name: 'values read', value: values / seconds, unit: '/s' },
  ]
}
