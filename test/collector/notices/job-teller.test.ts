// Goal: people are told of each change once, also over restarts, and not more than they can read.
// Method: real listeners, mail server and command; jobs in files; time that is set by hand.
import type { ChannelSettings } from '@wayward/collector'
import { createFileJobs } from '@wayward/collector/jobs/file-store'
import { createJobBook, type JobBook } from '@wayward/collector/jobs/job-book'
import { createJobPlans } from '@wayward/collector/jobs/job-plans'
import type { RunResult } from '@wayward/collector/jobs/job-state'
import { judgeReport } from '@wayward/collector/jobs/judge-report'
import { checkChannels, createChannel } from '@wayward/collector/notices/channel-settings'
import { sign } from '@wayward/collector/notices/channels/http'
import { createJobTeller, type JobTeller } from '@wayward/collector/notices/job-teller'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http'
import {
  type AddressInfo,
  createServer as createTcpServer,
  type Server as TcpServer,
} from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { createFakeTime, type FakeTime } from '../../harness/fake-time.ts'

interface Got {
  readonly path: string
  readonly method: string
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

const silent = { info: () => undefined, warn: () => undefined, error: () => undefined }
const limits = {
  jobsMax: 1_000,
  jobsPerSenderMax: 1_000,
  jobReportsWaitingMax: 1_000,
  jobReportsKnownMax: 1_000,
}
const known = { endOf: () => undefined, hasReport: () => false }
const settings = { ...createJobPlans(), openRunsMax: 10, newRunId: () => String(++runs), known }
let runs = 0

let server: Server
let url: string
let got: Got[]
let statusOf: () => number
let folder: string
let time: FakeTime

beforeAll(async () => {
  server = createServer((request, response) => {
    let body = ''
    request.on('data', (chunk: Buffer) => {
      body += chunk.toString()
    })
    request.on('end', () => {
      const { headers, method = '', url: path = '' } = request
      const status = statusOf()
      if (status < 300) got.push({ path, method, headers, body })
      response.writeHead(status).end()
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})

afterAll(() => {
  server.close()
})

beforeEach(() => {
  got = []
  statusOf = () => 200
  folder = mkdtempSync(join(tmpdir(), 'wayward-teller-'))
  time = createFakeTime(Date.parse('2026-02-02T12:00:00Z'))
})

afterEach(() => {
  rmSync(folder, { recursive: true })
})

interface Life {
  readonly book: JobBook
  readonly teller: JobTeller
  end(): Promise<void>
}

async function live(...channels: readonly Partial<ChannelSettings>[]): Promise<Life> {
  const store = createFileJobs({ folder })
  const book = createJobBook({ store, limits, time, logger: silent })
  const all = (channels.length === 0 ? [{}] : channels).map(
    (one): ChannelSettings => ({ name: 'ops', kind: 'webhook', url, ...one }),
  )
  const teller = createJobTeller({
    book,
    channels: all.map((one) => ({ settings: one, channel: createChannel(one) })),
    time,
    logger: silent,
    onSent: () => undefined,
  })
  await book.load()
  teller.start()
  return {
    book,
    teller,
    async end() {
      await teller.shutdown()
      await book.shutdown()
      await store.close()
    },
  }
}

async function ended({ book }: Life, name: string, result: RunResult): Promise<void> {
  await book.work({ service: 'shop', name, owner: '', mayCreate: true }, (state, receivedMs) =>
    judgeReport(state, { kind: 'end', source: 'api', receivedMs, result }, settings),
  )
}

/** Lets time pass until so many messages have come. */
async function until(count: number, maxMs = 20_000): Promise<void> {
  for (let passed = 0; passed < maxMs && got.length < count; passed += 500) {
    await time.pass(500)
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
  await vi.waitFor(() => expect(got.length).toBeGreaterThanOrEqual(count), 2_000)
  // What would be too much has had its time.
  await time.pass(3_000)
  await new Promise((resolve) => setTimeout(resolve, 20))
}

const textsOf = (): readonly string[] =>
  got.map(({ body }) => (JSON.parse(body) as { text: string }).text)

describe('a change', () => {
  test('is told once, signed, and so is the recovery', async () => {
    const life = await live({ secret: 'hush' })
    await ended(life, 'nightly', 'failure')
    await until(1)
    await ended(life, 'nightly', 'success')
    await until(2)
    expect(textsOf()).toEqual([
      'shop/nightly is failing (last run: failure), it was new',
      'shop/nightly is up, it was failing',
    ])
    const { body = '', headers = {} } = got[0] ?? {}
    expect(headers['idempotency-key']).toBe('shop/nightly/1')
    const [, seconds] = /^t=(\d+),v1=/.exec(String(headers['wayward-signature'])) ?? []
    expect(headers['wayward-signature']).toBe(sign('hush', Number(seconds), body))
    expect(JSON.parse(body)).toMatchObject({
      kind: 'jobs',
      notices: [{ job: 'nightly', status: 'failing', before: 'new' }],
    })
    await life.end()
  })

  test('is not told again after a restart, and told then where it was not', async () => {
    const first = await live()
    await ended(first, 'one', 'failure')
    await until(1)
    await ended(first, 'two', 'failure')
    // Nobody was told of the second one when it ends.
    await first.end()
    const second = await live()
    await until(2)
    expect(textsOf().map((text) => text.slice(0, 8))).toEqual(['shop/one', 'shop/two'])
    await second.end()
    const third = await live()
    await time.pass(20_000)
    expect(got).toHaveLength(2)
    await third.end()
  })

  test('is told later where nobody answers', async () => {
    const life = await live()
    statusOf = () => 500
    await ended(life, 'later', 'failure')
    await time.pass(8_000)
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(got).toEqual([])
    statusOf = () => 200
    await until(1, 60_000)
    expect(textsOf()).toEqual(['shop/later is failing (last run: failure), it was new'])
    await life.end()
  })

  test('goes to those alone who want it', async () => {
    const life = await live(
      { name: 'shop', services: ['shop'], statuses: ['failing'], url: `${url}/shop` },
      { name: 'other', services: ['other'], url: `${url}/other` },
    )
    await ended(life, 'mine', 'failure')
    await until(1)
    await ended(life, 'mine', 'success')
    await time.pass(10_000)
    expect(got.map(({ path }) => path)).toEqual(['/shop'])
    await life.end()
  })
})

describe('many changes', () => {
  test('at once are one message', async () => {
    const life = await live()
    const names = Array.from({ length: 60 }, (_, index) => `many-${index}`)
    await Promise.all(names.map((name) => ended(life, name, 'failure')))
    await until(1)
    expect(got).toHaveLength(1)
    const [text = ''] = textsOf()
    expect(text).toMatch(/^60 jobs changed: 60 failing\n/)
    expect(text.split('\n')).toHaveLength(22)
    expect(text).toContain('and 40 more')
    await life.end()
  })

  test('of one job are told until it is flapping, and again when it is steady', async () => {
    const life = await live()
    for (let turn = 1; turn <= 10; turn++) {
      await ended(life, 'flap', turn % 2 === 1 ? 'failure' : 'success')
      if (turn <= 6) await until(turn)
      else await time.pass(5_000)
    }
    expect(got).toHaveLength(6)
    expect(textsOf().at(-1)).toContain('it changes often, more is told when it is steady')
    await time.pass(1_900_000)
    await until(7)
    expect(textsOf().at(-1)).toBe('shop/flap is up, it was failing')
    await life.end()
  })
})

describe('channels', () => {
  const message = { id: 'shop/job/7', title: 'shop/job: down', text: 'It is "down"', notices: [] }
  const channel = (given: Partial<ChannelSettings>) =>
    createChannel({ name: 'one', kind: 'webhook', url, ...given })

  test('speak as Slack and as Matrix', async () => {
    expect(await channel({ kind: 'slack' }).send(message)).toEqual({ status: 'sent' })
    const matrix = channel({ kind: 'matrix', room: '!room:host', token: 'secret' })
    expect(await matrix.send(message)).toEqual({ status: 'sent' })
    expect(got).toMatchObject([
      { method: 'POST', body: '{"text":"It is \\"down\\""}' },
      {
        method: 'PUT',
        path: '/_matrix/client/v3/rooms/!room%3Ahost/send/m.room.message/shop%2Fjob%2F7',
        headers: { authorization: 'Bearer secret' },
        body: '{"msgtype":"m.text","body":"It is \\"down\\""}',
      },
    ])
  })

  test('run a command, and say how it failed', async () => {
    const file = join(folder, 'out')
    const script = 'cat > "$0"; echo " $WAYWARD_JOB_TEXT" >> "$0"'
    const good = channel({ kind: 'command', command: ['sh', '-c', script, file] })
    expect(await good.send(message)).toEqual({ status: 'sent' })
    expect(readFileSync(file, 'utf8')).toBe(`${JSON.stringify(message)} It is "down"\n`)
    const bad = channel({ kind: 'command', command: ['sh', '-c', 'echo no >&2; exit 3'] })
    expect(await bad.send(message)).toEqual({
      status: 'failed',
      message: 'The command ended with 3: no\n',
    })
    const none = channel({ kind: 'command', command: ['./there-is-none'] })
    expect(await none.send(message)).toMatchObject({ status: 'failed' })
  })

  test('send mail', async () => {
    const smtp = await startSmtp()
    const mail = channel({
      kind: 'email',
      smtp: `smtp://127.0.0.1:${smtp.port}`,
      from: 'wayward@example.com',
      to: ['ops@example.com', 'dev@example.com'],
    })
    expect(await mail.send(message)).toEqual({ status: 'sent' })
    const text = smtp.text()
    expect(text).toContain('RCPT TO:<ops@example.com>')
    expect(text).toContain('RCPT TO:<dev@example.com>')
    expect(text).toContain('Subject: shop/job: down')
    expect(text).toContain('It is "down"')
    await smtp.stop()
    expect(await mail.send(message)).toMatchObject({ status: 'failed' })
  })

  test('do not follow to another address', async () => {
    statusOf = () => 302
    expect(await channel({}).send(message)).toMatchObject({ status: 'failed' })
  })

  test.each([
    [{}, 'channels'],
    [{ channels: [{ name: 'a', kind: 'pigeon' }] }, 'channels[0].kind'],
    [{ channels: [{ name: 'a', kind: 'webhook' }] }, 'channels[0].url'],
    [{ channels: [{ name: 'a', kind: 'webhook', url: 'file:///etc/passwd' }] }, 'channels[0].url'],
    [{ channels: [{ name: 'a b', kind: 'slack', url: 'http://a' }] }, 'channels[0].name'],
    [
      {
        channels: [
          { name: 'a', kind: 'slack', url: 'http://a' },
          { name: 'a', kind: 'slack', url: 'http://b' },
        ],
      },
      'channels[1].name',
    ],
  ])('are refused where something is wrong: %j', (value, field) => {
    expect(checkChannels(value)[0]).toMatchObject({ field })
  })
})

/** A mail server that takes everything. */
async function startSmtp(): Promise<{
  readonly port: number
  text(): string
  stop(): Promise<void>
}> {
  let text = ''
  const smtp: TcpServer = createTcpServer((socket) => {
    let isData = false
    socket.write('220 test ESMTP\r\n')
    socket.on('error', () => undefined)
    socket.on('data', (chunk) => {
      const said = chunk.toString()
      text += said
      if (isData) {
        if (!text.endsWith('\r\n.\r\n')) return
        isData = false
        socket.write('250 taken\r\n')
        return
      }
      for (const line of said.split('\r\n').slice(0, -1)) {
        if (line.startsWith('DATA')) {
          isData = true
          socket.write('354 go on\r\n')
        } else if (line.startsWith('QUIT')) socket.end('221 bye\r\n')
        else socket.write('250 ok\r\n')
      }
    })
  })
  await new Promise<void>((resolve) => smtp.listen(0, '127.0.0.1', resolve))
  return {
    port: (smtp.address() as AddressInfo).port,
    text: () => text,
    stop: () => new Promise((resolve) => void smtp.close(() => resolve())),
  }
}
