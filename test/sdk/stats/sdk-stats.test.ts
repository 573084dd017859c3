// Goal: the SDK's state and OpenTelemetry's instruments can be read from outside while the
// application hangs, and after it was killed; without the package nothing else changes. Method:
// programs in processes of their own, whose files are read here.
import { type MeterProvider, metrics } from '@opentelemetry/api'
import { MeterProvider as OtelMeterProvider } from '@opentelemetry/sdk-metrics'
import * as mmstats from '@wayward/mmstats'
import type { StatsPackage } from '@wayward/sdk'
import { createSdkStats } from '@wayward/sdk/stats/sdk-stats'
import { spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { run } from '../program.ts'

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sdk-stats-'))
})
afterEach(() => {
  rmSync(folder, { recursive: true, force: true })
})

// No collector is needed: the file is all that is looked at.
const env = (): Record<string, string> => ({
  MMSTATS_PATH: folder,
  OTEL_TRACES_EXPORTER: 'none',
  OTEL_LOGS_EXPORTER: 'none',
})

function readOnly(): Record<string, unknown> {
  const [name = 'none'] = readdirSync(folder)
  const { stats, problem } = mmstats.readStatsFile(join(folder, name))
  expect(problem).toBeUndefined()
  return Object.fromEntries(stats.map(({ label, value }) => [label, value]))
}

test('a process that hangs, and that was killed then, tells what it did and what it counted', async () => {
  const child = spawn(process.execPath, ['hanging-app.mjs'], {
    cwd: fileURLToPath(new URL('../programs/', import.meta.url)),
    env: { PATH: process.env['PATH'], WAYWARD_PAUSES: 'false', ...env() },
  })
  const said = await new Promise<string>((resolve) => {
    child.stdout.once('data', (data: Buffer) => resolve(data.toString()))
  })
  expect(JSON.parse(said)).toEqual({ status: 'registered', problems: [] })
  const hanging = readOnly()
  const exited = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGKILL')
  await exited
  expect(readOnly()).toEqual(hanging)
  expect(hanging).toMatchObject({
    'service.name': 'shop',
    'sys.pid': child.pid,
    'sdk.begun.name': 'resize image',
    'sdk.ended.name': 'tidy up',
    'sdk.spans_begun': 3n,
    'sdk.spans_ended': 1n,
    'sdk.open': 1,
    'sdk.stuck.kind': 'lock_hold',
    'sdk.stuck.name': 'inventory',
    'orders{lane="a \\"b\\"",shop="north"}': 4n,
    'seconds.count': 3n,
    'seconds.sum': 2.75,
    'seconds.min': 0.25,
    'seconds.max': 2,
    stock: -4,
    level: 0.75,
    total: 40n,
  })
  const began = Number(hanging['sdk.begun.time'])
  expect(began - Number(hanging['sdk.beat'])).toBeLessThan(1.5)
})

test.each([
  ['an orderly end', 'await shutdown()', 0],
  ['an end by itself', '', 0],
  ['a crash', 'setTimeout(() => { throw new Error("boom") })', 1],
])('%s leaves %s, and %i files', async (_, ending, files) => {
  const code = `import { register } from '@wayward/sdk'
    const { shutdown } = register({ mmstats: true })
    ${ending}`
  await run(['--input-type=module', '--eval', code], env())
  expect(readdirSync(folder)).toHaveLength(files)
})

test('the environment asks for it, in each thread, also of an application that requires', async () => {
  const code = `const { Worker } = require('node:worker_threads')
    const { readdirSync } = require('node:fs')
    new Worker('setTimeout(() => {}, 300)', { eval: true }).once('online', () => setTimeout(() => {
      console.log(readdirSync(process.env.MMSTATS_PATH).length)
    }, 200))`
  const ended = await run(['--require', '@wayward/sdk/register', '--eval', code], {
    ...env(),
    WAYWARD_MMSTATS: 'true',
  })
  expect(ended).toMatchObject({ code: 0, stdout: '2\n' })
})

test('a folder that cannot be written to is a problem, and the SDK goes on', async () => {
  writeFileSync(join(folder, 'file'), '')
  const code = `import { register } from '@wayward/sdk'
    const { status, problems } = register({ mmstats: true })
    console.log(JSON.stringify({ status, problems }))`
  const ended = await run(['--input-type=module', '--eval', code], {
    ...env(),
    MMSTATS_PATH: join(folder, 'file'),
  })
  const { status, problems } = JSON.parse(ended.stdout)
  expect([ended.code, status]).toEqual([0, 'registered'])
  expect(problems).toEqual([
    expect.stringMatching(/^Cannot publish a stats file: Cannot create the stats file/),
  ])
})

describe('createSdkStats()', () => {
  const settings = {
    // That it can be assigned is the proof that the seam fits the package.
    mmstats: mmstats satisfies StatsPackage,
    sessionId: 'session',
    serviceName: 'shop',
    onError: (error: unknown) => {
      throw error
    },
  }

  function create(meterProvider?: MeterProvider) {
    const before = process.env['MMSTATS_PATH']
    process.env['MMSTATS_PATH'] = folder
    const stats = createSdkStats({ ...settings, meterProvider })
    if (before === undefined) delete process.env['MMSTATS_PATH']
    else process.env['MMSTATS_PATH'] = before
    return stats
  }

  test('counts the values of series that find no room, and keeps the others', () => {
    const stats = create()
    const counter = stats.meters.getMeter('m').createCounter('c')
    for (let index = 0; index < 5000; index++) counter.add(1, { index })
    counter.add(1, { long: 'x'.repeat(2000) })
    const values = readOnly()
    const series = Object.keys(values).filter((label) => label.startsWith('c{'))
    expect(series.length).toBeGreaterThan(700)
    expect(values['sdk.series_left_out']).toBe(5001n - BigInt(series.length))
    counter.add(1, { index: 0 })
    expect(readOnly()['c{index="0"}']).toBe(2n)
    stats.shutdown()
    counter.add(1)
    expect(readdirSync(folder)).toEqual([])
  })

  test('hands all values on to another meter provider', async () => {
    const next = new OtelMeterProvider()
    const seen: unknown[] = []
    const meter = next.getMeter('m')
    const spied: MeterProvider = {
      getMeter: () => ({
        ...meter,
        createCounter: () => ({ add: (value) => seen.push(value) }),
        createHistogram: () => ({ record: (value) => seen.push(value) }),
        createObservableGauge: () => ({
          addCallback: () => seen.push('asked'),
          removeCallback: () => seen.push('not asked'),
        }),
        addBatchObservableCallback: (_, observables) => seen.push(observables.length),
        removeBatchObservableCallback: () => seen.push('no batch'),
      }),
    }
    const stats = create(spied)
    const ours = stats.meters.getMeter('m')
    ours.createCounter('c').add(3)
    ours.createHistogram('h').record(4)
    const gauge = ours.createObservableGauge('g')
    let heat = 20
    const ask: Parameters<typeof gauge.addCallback>[0] = (result) => result.observe(heat)
    gauge.addCallback(ask)
    const batch: Parameters<typeof ours.addBatchObservableCallback>[0] = (result) =>
      result.observe(gauge, heat, { in: 'batch' })
    ours.addBatchObservableCallback(batch, [gauge])
    stats.meters.observe()
    expect(readOnly()).toMatchObject({ c: 3n, 'h.sum': 4, g: 20, 'g{in="batch"}': 20 })
    gauge.removeCallback(ask)
    ours.removeBatchObservableCallback(batch, [gauge])
    heat = 30
    stats.meters.observe()
    expect(readOnly()).toMatchObject({ g: 20, 'g{in="batch"}': 20 })
    expect(seen).toEqual([3, 4, 'asked', 1, 'not asked', 'no batch'])
    stats.shutdown()
    await next.shutdown()
  })

  test('keeps what an application gets wrong away from it', () => {
    const stats = create()
    const meter = stats.meters.getMeter('m')
    const counter = meter.createCounter('c')
    for (const value of [-1, Number.NaN, Infinity, 2 ** 60]) counter.add(value)
    meter.createHistogram('h').record(Number.NaN)
    meter.createGauge('c').record(7)
    expect(readOnly()).toMatchObject({ c: 0n, 'h.count': 0n, 'sdk.series_left_out': 1n })
    stats.shutdown()
  })

  test('is not registered by itself', () => {
    const stats = create()
    expect(metrics.getMeterProvider()).not.toBe(stats.meters)
    stats.shutdown()
  })
})
