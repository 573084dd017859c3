// Goal: Graphite stores what the endpoint sends. Method: Graphite's carbon itself, over TCP and
// UDP, and the files that it writes. Skipped, with a word, where it is not installed (`pip install
// carbon whisper`; WAYWARD_CARBON names its carbon-cache.py where that is not on the path).
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { toRouted, until } from '../router-harness.ts'
import { createEndpoint, send } from './endpoint-harness.ts'

const program = process.env['WAYWARD_CARBON'] ?? 'carbon-cache.py'
const isMissing = spawnSync(program, ['--version']).error !== undefined
if (isMissing) console.warn("Skipped: there is no carbon (Graphite's receiver) on this machine")

async function freePort(): Promise<number> {
  const socket = createSocket('udp4').bind(0, '127.0.0.1')
  await once(socket, 'listening')
  const { port } = socket.address()
  await new Promise<void>((resolve) => socket.close(resolve))
  return port
}

interface Carbon {
  readonly port: number
  readonly child: ChildProcess
  /** The values of a metric at their seconds. */
  values(metric: string): readonly (readonly [second: number, value: number])[]
}

async function startCarbon(folder: string): Promise<Carbon> {
  const at = (...names: string[]): string => join(folder, ...names)
  const [port, pickle, query] = [await freePort(), await freePort(), await freePort()]
  mkdirSync(at('conf'))
  writeFileSync(
    at('conf', 'carbon.conf'),
    `[cache]
STORAGE_DIR = ${at('storage')}/
LOCAL_DATA_DIR = ${at('storage', 'whisper')}/
LINE_RECEIVER_INTERFACE = 127.0.0.1
LINE_RECEIVER_PORT = ${port}
ENABLE_UDP_LISTENER = True
UDP_RECEIVER_INTERFACE = 127.0.0.1
UDP_RECEIVER_PORT = ${port}
PICKLE_RECEIVER_INTERFACE = 127.0.0.1
PICKLE_RECEIVER_PORT = ${pickle}
CACHE_QUERY_INTERFACE = 127.0.0.1
CACHE_QUERY_PORT = ${query}
MAX_CREATES_PER_MINUTE = inf
MAX_UPDATES_PER_SECOND = inf
ENABLE_TAGS = False
`,
  )
  writeFileSync(at('conf', 'storage-schemas.conf'), '[all]\npattern = .*\nretentions = 1s:10m\n')
  const config = ['--config', at('conf', 'carbon.conf'), '--pidfile', at('pid')]
  const child = spawn(program, ['--nodaemon', ...config, '--logdir', folder, 'start'], {
    env: { ...process.env, GRAPHITE_ROOT: folder },
    stdio: 'ignore',
  })
  return {
    port,
    child,
    values: (metric) => readWhisper(at('storage', 'whisper', `${metric.replaceAll('.', '/')}.wsp`)),
  }
}

/** Points of a file of one archive (https://graphite.readthedocs.io, "Database Format"). */
function readWhisper(path: string): readonly (readonly [number, number])[] {
  if (!existsSync(path)) return []
  const bytes = readFileSync(path)
  const [offset, points] = [bytes.readUInt32BE(16), bytes.readUInt32BE(24)]
  return Array.from({ length: points }, (_, index) => {
    const place = offset + index * 12
    return [bytes.readUInt32BE(place), bytes.readDoubleBE(place + 4)] as const
  }).filter(([second]) => second > 0)
}

test.skipIf(isMissing)(
  'Graphite stores what is sent',
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'carbon-'))
    const carbon = await startCarbon(folder)
    const isOver = once(carbon.child, 'exit')
    try {
      const second = Math.floor(Date.now() / 1_000) - 5
      const items = toRouted(
        [
          { type: 'counter', payload: '3', fields: { name: 'hits', rate: 0.5 } },
          { type: 'timer', payload: '17', fields: { name: 'db' } },
          { type: 'gauge', payload: '-4.5', fields: { name: 'open carts' } },
        ],
        BigInt(second) * 1_000_000_000n,
      )
      for (const protocol of ['tcp', 'udp']) {
        const address = `127.0.0.1:${carbon.port}`
        const settings = { type: 'graphite', address, protocol, prefix: `${protocol}.` }
        const endpoint = createEndpoint(settings)
        await until(async () => {
          const outcome = await send(endpoint, items).catch(() => undefined)
          return outcome?.status === 'sent'
        }, 'a connection')
        await until(() => carbon.values(`${protocol}.hits`).length > 0, 'a file')
        expect(carbon.values(`${protocol}.hits`)).toEqual([[second, 6]])
        await until(() => carbon.values(`${protocol}.db.sum`).length > 0, 'the times')
        expect(carbon.values(`${protocol}.db.sum`)).toEqual([[second, 17]])
        await until(() => carbon.values(`${protocol}.open_carts`).length > 0, 'the gauge')
        expect(carbon.values(`${protocol}.open_carts`)).toEqual([[second, -4.5]])
        await endpoint.close?.()
      }
    } finally {
      carbon.child.kill()
      await isOver
      rmSync(folder, { recursive: true })
    }
  },
  60_000,
)
