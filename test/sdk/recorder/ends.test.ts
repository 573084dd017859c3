// Goal: what is recorded is sent however a process ends, the end stays what it is, and what hangs
// is told while it does. Method: programs that end in every way, and an OTLP server.
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import {
  ATTR_WAYWARD_EVENTS_DROPPED_COUNT,
  ATTR_WAYWARD_EVENTS_DROPPED_REASON,
  ATTR_WAYWARD_LOCK_NAME,
  ATTR_WAYWARD_OPERATION_END_REASON,
  ATTR_THREAD_NAME,
  EVENT_WAYWARD_EVENTS_DROPPED,
  EVENT_WAYWARD_OPERATION_ENDED,
  EVENT_WAYWARD_OPERATION_OPEN,
} from '@wayward/semconv'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type OtlpServer, startOtlpServer } from '../otlp-server.ts'

let server: OtlpServer
beforeEach(async () => {
  server = await startOtlpServer()
})
afterEach(() => server.close())

interface Ended {
  readonly code: number | null
  readonly signal: string | null
  readonly stderr: string
}

interface Started {
  readonly ended: Promise<Ended>
  kill(): void
}

function start(
  end: string,
  env: Readonly<Record<string, string>> = {},
  flags: readonly string[] = [],
): Started {
  const child = spawn(process.execPath, [...flags, 'recorder-ends.mjs'], {
    cwd: fileURLToPath(new URL('../programs/', import.meta.url)),
    env: {
      PATH: process.env['PATH'],
      WAYWARD_PAUSES: 'false',
      OTEL_EXPORTER_OTLP_ENDPOINT: server.url,
      TEST_END: end,
      ...env,
    },
  })
  let stderr = ''
  child.stderr.on('data', (data: Buffer) => (stderr += data.toString()))
  return {
    ended: new Promise((resolve) => {
      child.on('close', (code, signal) => resolve({ code, signal, stderr }))
    }),
    kill: () => void child.kill('SIGKILL'),
  }
}

const names = () => server.spans.map(({ attributes }) => attributes[ATTR_WAYWARD_LOCK_NAME])
const eventsOf = (name: string, lock: string) =>
  server.events.filter(
    (event) => event.name === name && event.attributes[ATTR_WAYWARD_LOCK_NAME] === lock,
  )

describe('what was recorded last arrives', () => {
  test.each([
    ['at the end of the program', 'nothing', { code: 0, signal: null }, ''],
    ['after process.exit(3)', 'exit', { code: 3, signal: null }, ''],
    ['after an uncaught exception', 'throw', { code: 1, signal: null }, 'Error: mine'],
    ['after an unhandled rejection', 'reject', { code: 1, signal: null }, 'Error: mine'],
    ['after SIGTERM', 'SIGTERM', { code: null, signal: 'SIGTERM' }, ''],
    ['after SIGINT', 'SIGINT', { code: null, signal: 'SIGINT' }, ''],
    ['where the application has a handler of its own', 'handler', { code: 7, signal: null }, ''],
    ['where its handler was there first, for one time', 'once', { code: 7, signal: null }, ''],
    ['where somebody looks on', 'looker first', { code: null, signal: 'SIGTERM' }, ''],
    ['where somebody looks on later', 'looker later', { code: null, signal: 'SIGTERM' }, ''],
  ])('%s', async (_name, end, expected, stderr) => {
    const ended = await start(end).ended
    expect(ended).toMatchObject(expected)
    if (stderr === '') expect(ended.stderr).toBe('')
    else expect(ended.stderr).toContain(stderr)
    expect(names()).toEqual(['first words', 'last words'])
  })

  test('where no worker can be had, at an end of its own', async () => {
    const [major = 0] = process.versions.node.split('.').map(Number)
    const flag = major < 24 ? '--experimental-permission' : '--permission'
    const flags = [
      flag,
      '--allow-fs-read=*',
      '--no-warnings',
      ...(major < 26 ? [] : ['--allow-net']),
    ]
    const ended = await start('nothing', {}, flags).ended
    expect(ended).toEqual({ code: 0, signal: null, stderr: '' })
    expect(names()).toEqual(['first words', 'last words'])
  })
})

test('a worker that dies is replaced, by another and then by the thread that records', async () => {
  const ended = await start('bereft').ended
  expect(ended).toMatchObject({ code: 0, signal: null })
  expect(ended.stderr).toMatch(/^2 workers, \d+ lost\n$/)
  const lost = Number(ended.stderr.split(' ')[2])
  // What the first had read, and nobody knows the fate of.
  expect(lost).toBeLessThanOrEqual(1)
  const told = names().filter((name) => name === 'last words')
  expect(told.length + lost).toBe(4)
})

test('a thread that registers after shutdown() of the main one sends what it records', async () => {
  const ended = await start('afterwards').ended
  expect(ended).toEqual({ code: 0, signal: null, stderr: '' })
  expect(names()).toEqual(['first words', 'last words', 'of a worker afterwards'])
})

describe('a thread that does not come to itself is told with the lock that it holds', () => {
  test.each([
    ['in an endless loop', 'loop'],
    ['in Atomics.wait', 'wait'],
  ])('%s', async (_name, end) => {
    const program = start(end)
    await expect
      .poll(() => eventsOf(EVENT_WAYWARD_OPERATION_OPEN, 'stuck').length)
      .toBeGreaterThan(1)
    program.kill()
    await program.ended
    expect(names()).toEqual(['first words', 'last words'])
  })

  test('and one that is terminated is told to have gone', async () => {
    const ended = await start('terminate').ended
    expect(ended).toEqual({ code: 0, signal: null, stderr: '' })
    const open = eventsOf(EVENT_WAYWARD_OPERATION_OPEN, 'of the worker')
    expect(open[0]?.attributes[ATTR_THREAD_NAME]).toMatch(/^worker-\d+$/)
    const gone = eventsOf(EVENT_WAYWARD_OPERATION_ENDED, 'of the worker')
    expect(gone.map(({ attributes }) => attributes[ATTR_WAYWARD_OPERATION_END_REASON])).toEqual([
      'abandoned',
    ])
  })
})

describe('what finds no room', () => {
  const lost = (reason: string) =>
    server.events
      .filter(({ name }) => name === EVENT_WAYWARD_EVENTS_DROPPED)
      .filter(({ attributes }) => attributes[ATTR_WAYWARD_EVENTS_DROPPED_REASON] === reason)
      .reduce((sum, event) => sum + Number(event.attributes[ATTR_WAYWARD_EVENTS_DROPPED_COUNT]), 0)

  test('in the ring or the queue is told: what arrives and what is lost add up', async () => {
    const ended = await start('flood', {
      TEST_COUNT: '60000',
      OTEL_BSP_MAX_QUEUE_SIZE: '2048',
      WAYWARD_DETAIL: '*=all',
    }).ended
    expect(ended).toEqual({ code: 0, signal: null, stderr: '' })
    expect(server.spans.length).toBeGreaterThan(1000)
    expect(server.spans.length + lost('queue_full')).toBe(60_002)
  })

  test('in the table is told, and the rest is told as open', async () => {
    const ended = await start('open').ended
    expect(ended).toEqual({ code: 0, signal: null, stderr: '' })
    expect(lost('open_full')).toBe(12_000 - 10_240)
    const open = eventsOf(EVENT_WAYWARD_OPERATION_OPEN, 'stuck')
    expect(open.length).toBeGreaterThanOrEqual(1000)
  })
})
