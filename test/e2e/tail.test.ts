// Goal: `wayward tail` shows what is reported as it is reported, waits for a service that comes
// back, and says what is wrong. Method: the built command, a real service, OTLP over HTTP.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import {
  anyPorts,
  collect,
  type RunningService,
  runWayward,
  spawnNode,
  startService,
  temporaryFolder,
} from './wayward-process.ts'

const folder = temporaryFolder()
const main = new URL('../../cli/dist/main.js', import.meta.url).pathname
const children: ChildProcess[] = []
let service: RunningService

beforeAll(async () => {
  service = await startService(folder.path)
}, 120_000)

afterAll(async () => {
  for (const child of children) child.kill('SIGKILL')
  await service.stop()
  folder.remove()
})

async function send(...bodies: readonly string[]): Promise<void> {
  const logRecords = bodies.map((body, i) => ({
    timeUnixNano: '1790000000123456789',
    severityNumber: 17,
    severityText: 'ERROR',
    body: { stringValue: body },
    attributes: [
      { key: 'n', value: { intValue: String(i) } },
      { key: 'wayward.kind', value: { stringValue: '\u001b[31mzone' } },
    ],
  }))
  const resource = { attributes: [{ key: 'service.name', value: { stringValue: 'shop' } }] }
  const response = await fetch(`${service.endpoints.otlpHttp}/v1/logs`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ resourceLogs: [{ resource, scopeLogs: [{ logRecords }] }] }),
  })
  expect(response.status).toBe(200)
}

/** The same bytes are not stored again within a minute. */
let asked = 0

/** Starts a tail and waits until it sees what is sent. */
async function startTail(...args: readonly string[]) {
  const child = spawnNode(main, ['tail', '--data-dir', folder.path, ...args], { cwd: folder.path })
  children.push(child)
  const [stdout, stderr] = [collect(child.stdout), collect(child.stderr)]
  await vi.waitFor(
    async () => {
      await send(`are you there? ${asked++}`)
      expect(stdout()).toContain('are you there?')
    },
    { timeout: 20_000, interval: 200 },
  )
  return {
    stdout,
    stderr,
    async stop() {
      child.kill('SIGINT')
      const [code] = (await once(child, 'close')) as [number | null]
      return code
    },
  }
}

describe('wayward tail', () => {
  test('shows a line for each, and ends at Ctrl-C', async () => {
    const tail = await startTail()
    await send('the disk is full\u001b[2J')
    await vi.waitFor(() => expect(tail.stdout()).toContain('the disk is full'))
    const line = tail.stdout().trimEnd().split('\n').at(-1)
    // 1790000000 s is 2026-09-21 14:13:20 UTC.
    expect(line).toBe('14:13:20.123456  shop  ␛[31mzone  ERROR  the disk is full␛[2J  n=0')
    expect(await tail.stop()).toBe(0)
  })

  test('cuts what is long for people, and gives it whole as JSON', async () => {
    const [text, json] = [await startTail(), await startTail('--format', 'json')]
    const long = 'y'.repeat(1_000_000)
    await send(long)
    await vi.waitFor(() => expect(text.stdout()).toContain('yyy…'))
    expect(text.stdout().split('\n').at(-2)?.length).toBeLessThan(1_000)
    await vi.waitFor(() => expect(json.stdout().split('\n').at(-2)).toContain(long))
    expect([await text.stop(), await json.stop()]).toEqual([0, 0])
  })

  test('ends silently when its reader has seen enough (| head)', async () => {
    const args = ['-c', `"$0" "$1" tail --data-dir "$2" | head -1`, process.execPath, main]
    const child = spawn('bash', [...args, folder.path])
    children.push(child)
    const [stdout, stderr] = [collect(child.stdout), collect(child.stderr)]
    const closed = once(child, 'close')
    const sending = setInterval(() => void send(`enough? ${asked++}`), 100)
    expect(await closed).toEqual([0, null])
    clearInterval(sending)
    expect(stdout().split('\n').length).toBe(2)
    expect(stderr()).toBe('')
  })

  test('--format json gives a line of JSON for each', async () => {
    const tail = await startTail('--format', 'json', '--where', 'severity >= 17')
    const [line = ''] = tail.stdout().split('\n')
    expect(JSON.parse(line)).toEqual({
      time: '2026-09-21T14:13:20.123456789Z',
      signal: 'log',
      kind: '\u001b[31mzone',
      service: 'shop',
      session: 'shop@:',
      severity: 'ERROR',
      body: expect.stringMatching(/^are you there\? \d+$/),
      attributes: { n: '0', 'wayward.kind': '\u001b[31mzone' },
      resource: { 'service.name': 'shop' },
    })
    expect(await tail.stop()).toBe(0)
  })

  test('waits for a service that is started again, and goes on', async () => {
    const tail = await startTail('--kind', 'log')
    await service.stop()
    await vi.waitFor(() => expect(tail.stderr()).toContain('waiting for the service to come back'))
    service = await startService(folder.path, anyPorts)
    await vi.waitFor(
      async () => {
        await send(`here again ${asked++}`)
        expect(tail.stdout()).toContain('here again')
      },
      { timeout: 20_000, interval: 200 },
    )
    expect(tail.stderr()).toMatch(
      /What came after .* is not shown \(the service was started again\)/,
    )
    expect(await tail.stop()).toBe(0)
  }, 120_000)

  test.each([
    [['--where', 'durtion > 5'], 2, 'wrong at line 1, column 1: Unknown variable: durtion'],
    [['--api-url', 'http://127.0.0.1:1'], 3, 'ECONNREFUSED 127.0.0.1:1; check --api-url'],
    [['--format', 'csv'], 2, 'wanted one of text, json'],
  ])('%j is an error that says what to do', async (args, code, message) => {
    const run = await runWayward(['tail', '--data-dir', folder.path, ...args], { cwd: folder.path })
    expect([run.code, run.stdout]).toEqual([code, ''])
    expect(run.stderr).toContain(message)
  })

  test('without a service it says how to start one', async () => {
    const run = await runWayward(['tail', '--data-dir', 'nothing'], { cwd: folder.path })
    expect(run.code).toBe(3)
    expect(run.stderr).toMatch(/No service runs in ".*nothing"; start one with "wayward serve"/)
  })
})
