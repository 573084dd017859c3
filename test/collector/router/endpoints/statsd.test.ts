// Goal: statsd understands what it gets. Method: a real socket, the collector's own reader of
// statsd, and Etsy's statsd itself.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { createStatsdReader } from '@wayward/collector/receivers/messages/statsd-lines'
import { toItems } from '@wayward/collector/router/item-request'
import { toRouted, toSpans, until } from '../router-harness.ts'
import { createEndpoint, send, startUdp } from './endpoint-harness.ts'

const messages = [
  { type: 'counter', payload: '3', fields: { name: 'hits', rate: 0.5 } },
  { type: 'timer', payload: '17', fields: { name: 'db', rate: 1 } },
  { type: 'gauge', payload: '-4.5', fields: { name: 'a:b|c@d#e f', team: 'x,y' } },
  { type: 'oldstyle', payload: 'no number' },
]

describe('a statsd endpoint', () => {
  test('sends counters, times and gauges', async () => {
    const { close, datagrams, port } = await startUdp()
    const endpoint = createEndpoint({
      type: 'statsd',
      address: `127.0.0.1:${port}`,
      prefix: 'shop.',
    })
    expect(await send(endpoint, toRouted(messages))).toEqual({ status: 'sent' })
    await until(() => datagrams.length === 1, 'a datagram')
    const lines = datagrams.join('\n').split('\n').toSorted()
    expect(lines).toEqual([
      'shop.a_b_c_d_e_f:-4.5|g',
      'shop.a_b_c_d_e_f:0|g',
      'shop.db:17|ms',
      'shop.hits:6|c',
    ])
    const read = createStatsdReader()
    const types = lines.map((line) => {
      const found = read(line)
      return 'reason' in found ? found.reason : found[0]?.type
    })
    expect(types).toEqual(['gauge', 'gauge', 'timer', 'counter'])
    await endpoint.close?.()
    close()
  })

  test('tags as DogStatsD does, in datagrams that fit', async () => {
    const { close, datagrams, port } = await startUdp()
    const endpoint = createEndpoint({ type: 'statsd', address: `127.0.0.1:${port}`, tags: true })
    const many = Array.from({ length: 200 }, (_, index) => ({
      type: 'gauge',
      payload: `${index}`,
      fields: { name: `n${index}`, team: 'x,y' },
    }))
    await send(endpoint, toRouted(many))
    await until(() => datagrams.join('\n').split('\n').length === 200, 'all of them')
    expect(Math.max(...datagrams.map(({ length }) => length))).toBeLessThanOrEqual(1_400)
    expect(datagrams[0]?.split('\n')[0]).toBe('n0:0|g|#team:x_y')
    await endpoint.close?.()
    close()
  })

  test('is counted by a real statsd', async () => {
    const { close, port } = await startUdp()
    close()
    const folder = mkdtempSync(join(tmpdir(), 'statsd-'))
    const config = { port, address: '127.0.0.1', mgmt_port: port + 1, flushInterval: 100 }
    const path = join(folder, 'config.js')
    writeFileSync(path, JSON.stringify({ ...config, backends: ['./backends/console'] }))
    const program = createRequire(import.meta.url).resolve('statsd/stats.js')
    // It writes by util.log(), which Node has no more from 23 on.
    const log = join(folder, 'util-log.cjs')
    writeFileSync(log, "require('node:util').log ??= (text) => console.log(text)")
    const args = ['--require', log, program, path]
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
    let said = ''
    child.stdout.on('data', (chunk: Buffer) => {
      said += chunk.toString()
    })
    const endpoint = createEndpoint({ type: 'statsd', address: `127.0.0.1:${port}` })
    // It says when it flushes, not when it listens.
    await until(() => said.includes('Flushing'), 'its first flush')
    await send(endpoint, toRouted(messages))
    await send(endpoint, toRouted(messages.slice(2, 3)))
    await until(() => /hits: 6\b/.test(said) && /db: \[ 17 \]/.test(said), 'the numbers')
    expect(said).toMatch(/a_b_c_d_e_f: -4.5/)
    await endpoint.close?.()
    const isOver = once(child, 'exit')
    child.kill()
    await isOver
    rmSync(folder, { recursive: true })
  })

  test('sends nothing of what is no number, and needs nobody to listen', async () => {
    const endpoint = createEndpoint({ type: 'statsd', address: '127.0.0.1:9' })
    expect(await send(endpoint, toItems(toSpans([{ name: 'x' }])))).toEqual({ status: 'sent' })
    expect(await send(endpoint, toRouted(messages))).toEqual({ status: 'sent' })
    await endpoint.close?.()
  })
})
