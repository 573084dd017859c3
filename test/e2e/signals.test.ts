// Goal: a signal ends any command at once, whatever it waits for. Method: the built command, and
// servers that take connections and never answer, or begin an answer and never end it.
import type { ChildProcess } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { createServer as createHttpServer } from 'node:http'
import { type AddressInfo, createServer, type Server } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type RunResult, runWayward, temporaryFolder } from './wayward-process.ts'

const folder = temporaryFolder()
/** A signal is sent when the command has got to its waiting. */
const startMs = 1500
const endMsMax = 1000
/** Until an interrupted start is given up. */
const serveEndMsMax = 4000

const silent = createServer(() => undefined)
const endless = createHttpServer((request, response) => {
  const isProbe = /SELECT 1\b/
  let text = request.url ?? ''
  request.on('data', (chunk: Buffer) => {
    text += chunk.toString()
  })
  request.on('end', () => {
    response.setHeader('x-clickhouse-format', 'JSONEachRow')
    if (isProbe.test(text)) response.end('{"1":1}\n')
    else response.write('{')
  })
})

beforeAll(async () => {
  await Promise.all([listen(silent), listen(endless)])
})

afterAll(() => {
  for (const server of [silent, endless]) server.close()
  endless.closeAllConnections()
  folder.remove()
})

async function listen(server: Server): Promise<void> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
}

function urlOf(server: Server): string {
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

interface Signalled {
  readonly env?: Readonly<Record<string, string>>
  /** Whether the command catches signals: then it must have come so far, however busy it is. */
  readonly isCaught?: boolean
}

/** Starts a command, sends the signal, and says how and how soon it ended after that. */
async function signalled(
  args: readonly string[],
  signal: NodeJS.Signals,
  { env = {}, isCaught = false }: Signalled = {},
): Promise<RunResult> {
  let sentMs = 0
  const result = await runWayward(args, {
    cwd: folder.path,
    env,
    onStart(child: ChildProcess) {
      const startedMs = performance.now()
      const timer = setInterval(() => {
        if (performance.now() - startedMs < startMs || (isCaught && !isCatching(child.pid))) return
        clearInterval(timer)
        sentMs = performance.now() - startedMs
        child.kill(signal)
      }, 50)
      child.on('exit', () => clearInterval(timer))
    },
  })
  return { ...result, ms: result.ms - sentMs }
}

/** Whether a process catches SIGHUP, as commands do that catch any signal; true where unknown. */
function isCatching(pid: number | undefined): boolean {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8')
    const caught = BigInt(`0x${/^SigCgt:\s*([0-9a-f]+)$/m.exec(status)?.[1] ?? '1'}`)
    return (caught & 1n) === 1n
  } catch {
    return true
  }
}

describe.each([
  ['does not answer', silent],
  ['does not end its answer', endless],
])('while a server %s', (_what, server) => {
  test.concurrent.each(
    [
      ['query', 'SELECT 2'],
      ['analyze', 'lock-contention'],
      ['report'],
      ['sessions'],
      ['migrate'],
    ].flatMap((args) =>
      (['SIGINT', 'SIGTERM', 'SIGHUP'] as const).map((signal) => ({ args, signal })),
    ),
  )('$signal ends $args at once', async ({ args, signal }) => {
    const { signal: by, ms, stderr } = await signalled([...args, '--url', urlOf(server)], signal)
    expect({ by, stderr }).toEqual({ by: signal, stderr: '' })
    expect(ms).toBeLessThan(endMsMax)
  })

  test('SIGTERM ends the start of serve', async () => {
    const dataDir = join(folder.path, 'serve')
    const ports = ['--otlp-grpc', '--otlp-http', '--api'].flatMap((flag) => [flag, '127.0.0.1:0'])
    const args = ['serve', '--data-dir', dataDir, '--clickhouse-url', urlOf(server), ...ports]
    const { code, ms } = await signalled(args, 'SIGTERM', { isCaught: true })
    expect(code).toBe(0)
    expect(ms).toBeLessThan(serveEndMsMax)
  })
})

test('a signal ends a command whose event loop stands still', async () => {
  const busy = 'data:text/javascript,setTimeout(() => { for (;;); }, 300)'
  const args = ['query', 'SELECT 2', '--url', urlOf(silent)]
  const { signal: by, ms } = await signalled(args, 'SIGTERM', {
    env: { NODE_OPTIONS: `--import="${busy}"` },
  })
  expect(by).toBe('SIGTERM')
  expect(ms).toBeLessThan(endMsMax)
})

test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
  '%s leaves nothing of a demo',
  async (signal) => {
    const temporary = temporaryFolder()
    const env = { TMPDIR: temporary.path }
    const { code, ms } = await signalled(['demo'], signal, { env, isCaught: true })
    expect(code).toBe(130)
    // Its engine comes up first, or is given up.
    expect(ms).toBeLessThan(12_000)
    expect(readdirSync(temporary.path)).toEqual([])
    temporary.remove()
  },
)
