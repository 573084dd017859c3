// Goal: senders deliver, lose visibly, and never hold a process. Method: real sockets, files and
// processes.
import { spawn } from 'node:child_process'
import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import {
  createFileSender,
  createMetlogClient,
  createStreamSender,
  createUdpSender,
  indentedFormatter,
} from '@wayward/metlog'
import { afterAll, afterEach, describe, expect, test } from 'vitest'

const folder = mkdtempSync(join(tmpdir(), 'wayward-metlog-'))
const sockets: Socket[] = []
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.close()
})
afterAll(() => rmSync(folder, { recursive: true }))

async function listen(): Promise<{ socket: Socket; port: number; next: () => Promise<Buffer> }> {
  const socket = createSocket('udp4')
  sockets.push(socket)
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  const queue: Buffer[] = []
  const waiting: ((bytes: Buffer) => void)[] = []
  socket.on('message', (bytes) => {
    const taker = waiting.shift()
    if (taker === undefined) queue.push(bytes)
    else taker(bytes)
  })
  const next = (): Promise<Buffer> => {
    const first = queue.shift()
    return first === undefined
      ? new Promise((resolve) => waiting.push(resolve))
      : Promise.resolve(first)
  }
  return { socket, port: socket.address().port, next }
}

describe('the UDP sender', () => {
  test('sends one JSON object a datagram to every destination, without a line end', async () => {
    const [one, two] = [await listen(), await listen()]
    const sender = createUdpSender({
      host: ['127.0.0.1', '127.0.0.1'],
      port: [one.port, two.port, 1],
    })
    const client = createMetlogClient({ sender, logger: 'myapp', hostname: 'host1' })
    client.incr('hits', 2)
    for (const { next } of [one, two]) {
      const text = (await next()).toString()
      expect(text).toMatch(
        /^\{"env_version":"0\.8","timestamp":"[^"]{27}","type":"counter","logger":"myapp","severity":6,"payload":"2","fields":\{"name":"hits","rate":1\},"metlog_pid":\d+,"metlog_hostname":"host1"\}$/,
      )
    }
    await client.close()
  })

  test('counts what is too large, what does not fit the queue, and what nobody takes', async () => {
    const { port, socket } = await listen()
    const sender = createUdpSender({ port, queueItemsMax: 3 })
    const client = createMetlogClient({ sender })
    client.metlog('large', { payload: 'x'.repeat(70_000) })
    for (let index = 0; index < 5; index++) client.incr('a')
    expect(client.counts().dropped).toEqual({ message_too_large: 1, queue_full: 2 })
    sockets.length = 0
    socket.close()
    await once(socket, 'close')
    await client.close()
    client.incr('closed')
    expect(client.isActive).toBe(false)
  })

  test('sends at process.exit(), and does not keep a process alive', async () => {
    const { next, port } = await listen()
    const program = `
      const { createMetlogClient, createUdpSender } = await import(process.argv[1])
      const client = createMetlogClient({ sender: createUdpSender({ port: ${port} }) })
      client.info('first')
      await new Promise((resolve) => setTimeout(resolve, 100))
      client.info('last')
      if (process.argv[2] === 'exit') process.exit(0)`
    for (const how of ['exit', 'end']) {
      const door = new URL('../../../metlog/dist/index.js', import.meta.url).href
      const child = spawn(process.execPath, ['--input-type=module', '-e', program, door, how])
      expect(JSON.parse((await next()).toString()).payload).toBe('first')
      expect(JSON.parse((await next()).toString()).payload).toBe('last')
      if (child.exitCode === null) await once(child, 'exit')
      expect(child.exitCode).toBe(0)
    }
  })
})

describe('the file sender', () => {
  test('appends lines and counts those that cannot be written', async () => {
    const path = join(folder, 'messages.jsonl')
    const client = createMetlogClient({ sender: createFileSender({ path }) })
    for (let index = 0; index < 500; index++) client.incr('hits', index)
    await client.close()
    const lines = readFileSync(path, 'utf8').trimEnd().split('\n')
    expect(lines.map((line) => Number(JSON.parse(line).payload))).toEqual(
      Array.from({ length: 500 }, (_, index) => index),
    )
    const bad = createMetlogClient({ sender: createFileSender({ path: join(folder, 'no', 'f') }) })
    bad.incr('a')
    await bad.close()
    expect(bad.counts().dropped).toEqual({ write_failed: 1 })
  })
})

describe('the stream sender', () => {
  test('does not wait for a stream that stands still', () => {
    const taken: string[] = []
    const stream = new Writable({
      highWaterMark: 1,
      write(chunk: Buffer) {
        taken.push(chunk.toString())
      },
    })
    const sender = createStreamSender(stream, {
      waitingBytesMax: 1_000,
      formatter: indentedFormatter,
    })
    const client = createMetlogClient({ sender })
    for (let index = 0; index < 100; index++) client.metlog('x', { payload: `${index}` })
    expect(client.counts().dropped['queue_full']).toBeGreaterThan(90)
    expect(taken[0]).toMatch(/^\{\n {4}"env_version": "0.8",\n/)
  })
})
