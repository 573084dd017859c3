// `wayward serve` as a person meets it: start, endpoints.json, stop, and everything that can be
// wrong at start.
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { connect, createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startTestEngine } from '../harness/engine.ts'
import {
  anyPorts,
  type RunningService,
  type RunResult,
  runWayward,
  startService,
  temporaryFolder,
} from './wayward-process.ts'

const folder = temporaryFolder()
const dataDir = join(folder.path, 'data')
afterAll(() => folder.remove())

const inFolder = { cwd: folder.path }

/** One error of one line, and no stack trace. */
function expectOneError(result: RunResult, code: number, message: RegExp): void {
  const lines = result.stderr.trim().split('\n')
  const errors = lines.filter((line) => !/^\d{4}-\d\d-\d\dT/.test(line))
  expect(errors, result.stderr).toHaveLength(1)
  expect(errors[0]).toMatch(message)
  expect(result.stderr).not.toMatch(/\n\s+at /)
  expect(result.code).toBe(code)
}

describe('a running service', () => {
  let service: RunningService
  beforeAll(async () => {
    service = await startService(dataDir)
  })
  afterAll(async () => {
    await service.stop('SIGKILL')
  })

  test('says where it listens and what to try next', () => {
    const { otlpGrpc, otlpHttp, api, clickhouse } = service.endpoints
    for (const address of [otlpGrpc, otlpHttp, api, clickhouse.url]) {
      expect(service.stdout()).toContain(address)
    }
    expect(service.stdout()).toMatch(/Try next[\s\S]*demo[\s\S]* report/)
  })

  test('writes endpoints.json for its user only, without passwords', () => {
    const path = join(dataDir, 'endpoints.json')
    expect(statSync(path).mode & 0o777).toBe(0o600)
    const text = readFileSync(path, 'utf8')
    expect(JSON.parse(text)).toMatchObject({
      version: 1,
      pid: service.child.pid,
      clickhouse: { user: 'default', database: 'wayward' },
    })
    expect(text).not.toMatch(/password/i)
    // That of the address of the page, by which commands of this user change what is stored.
    expect(text.match(/token/gi)).toHaveLength(1)
  })

  test('answers on every address', async () => {
    const { api, clickhouse } = service.endpoints
    for (const path of ['/healthz', '/readyz', '/metrics']) {
      expect((await fetch(api + path)).status, path).toBe(200)
    }
    expect(await (await fetch(`${clickhouse.url}/ping`)).text()).toBe('Ok.\n')
  })

  test('keeps its data folder: a second service is told who has it, and the first goes on', async () => {
    const second = await runWayward(['serve', '--data-dir', dataDir, ...anyPorts], inFolder)
    expectOneError(
      second,
      3,
      new RegExp(`in use by the service with process id ${service.endpoints.pid}`),
    )
    expect((await fetch(`${service.endpoints.api}/readyz`)).status).toBe(200)
    expect(existsSync(join(dataDir, 'endpoints.json'))).toBe(true)
  })

  test.each(['--otlp-grpc', '--otlp-http', '--clickhouse', '--api'])(
    'a taken port for %s is one clear error, with exit code 2',
    async (flag) => {
      const taken = new URL(service.endpoints.otlpHttp).host
      const [, port = ''] = taken.split(':')
      const other = join(folder.path, `other${flag}`)
      const args = ['serve', '--data-dir', other, ...anyPorts, flag, taken]
      const result = await runWayward(args, inFolder)
      expectOneError(result, 2, new RegExp(`${port}.*in use.*${flag}`))
      expect(existsSync(join(other, 'endpoints.json'))).toBe(false)
    },
  )

  test('a server that refuses the password is one clear error, with exit code 3', async () => {
    const { url } = service.endpoints.clickhouse
    const args = [
      'serve',
      '--data-dir',
      join(folder.path, 'p'),
      ...anyPorts,
      '--clickhouse-url',
      url,
    ]
    const env = { WAYWARD_CLICKHOUSE_PASSWORD: 'wrong' }
    const result = await runWayward(args, { ...inFolder, env })
    expectOneError(result, 3, /refuses user "default".*check.* password/)
    expect(result.stderr).not.toContain('wrong')
  })

  test('goes on when the engine dies: it is started again on the same port', async () => {
    const { api, clickhouse } = service.endpoints
    const engines = childrenOf(service.child.pid)
    expect(engines).toHaveLength(1)
    for (const pid of engines) process.kill(pid, 'SIGKILL')
    const answer = async () => {
      const ready = await fetch(`${api}/readyz`)
      if (ready.status !== 200) return `not ready: ${await ready.text()}`
      return await (await fetch(`${clickhouse.url}/?query=SELECT%2042`)).text()
    }
    await expect.poll(() => answer().catch(String), { timeout: 15_000 }).toBe('42\n')
    expect(childrenOf(service.child.pid)).not.toEqual(engines)
  })

  test('keeps its folder while the engine starts again: a reading command waits for it', async () => {
    for (const pid of childrenOf(service.child.pid)) process.kill(pid, 'SIGKILL')
    const read = await runWayward(['query', '--data-dir', dataDir, 'SELECT 42 AS x'], inFolder)
    expect(read.stdout).toContain('42')
    // Had the command opened the folder itself, the service's engine would have found it taken.
    const ready = async () => (await fetch(`${service.endpoints.api}/readyz`)).status
    expect(await ready()).toBe(200)
  })

  test('drains at SIGTERM: what it acknowledged is there, and it exits with 0 within 5 s', async () => {
    const acknowledged = await sendUntilStopped(service)
    expect(acknowledged.stop.code).toBe(0)
    expect(acknowledged.stop.ms).toBeLessThan(5000)
    expect(existsSync(join(dataDir, 'endpoints.json'))).toBe(false)
    const sql = "SELECT count() FROM otel_traces WHERE ServiceName = 'drain'"
    const counted = await runWayward(
      ['query', '--data-dir', dataDir, '--format', 'csv', sql],
      inFolder,
    )
    expect(acknowledged.count).toBeGreaterThan(0)
    expect(Number(counted.stdout.split('\n')[1])).toBeGreaterThanOrEqual(acknowledged.count)
  })
})

function childrenOf(pid: number | undefined): number[] {
  if (existsSync('/proc/self/task')) {
    const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
    return text.split(' ').filter(Boolean).map(Number)
  }
  const text = execFileSync('ps', ['-A', '-o', 'pid=,ppid='], { encoding: 'utf8' })
  const processes = text.split('\n').map((line) => line.trim().split(/ +/).map(Number))
  return processes.filter(([, parent]) => parent === pid).map(([child = 0]) => child)
}

describe('on a ClickHouse server that was named', () => {
  test('stores there, and reading commands need the password that the service has', async () => {
    const engine = await startTestEngine()
    const remoteDir = join(folder.path, 'remote')
    const env = {
      WAYWARD_CLICKHOUSE_URL: engine.url,
      WAYWARD_CLICKHOUSE_USER: 'wayward_writer',
      WAYWARD_CLICKHOUSE_PASSWORD: engine.writerToken,
      WAYWARD_CLICKHOUSE_DATABASE: 'elsewhere',
    }
    const service = await startService(remoteDir, anyPorts, env)
    try {
      expect(childrenOf(service.child.pid)).toEqual([])
      const response = await fetch(`${service.endpoints.otlpHttp}/v1/traces`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(oneSpan()),
      })
      expect(response.status).toBe(200)
      expect((await fetch(`${service.endpoints.api}/inserted`)).status).toBe(200)
      const [row] = await engine
        .open('elsewhere')
        .reader.query<{ n: string }>('SELECT count() AS n FROM otel_traces')
      expect(row?.n).toBe('1')
      expect(JSON.stringify(service.endpoints)).not.toContain(engine.writerToken)
      const args = ['sessions', '--data-dir', remoteDir]
      const known = { WAYWARD_CLICKHOUSE_PASSWORD: engine.writerToken }
      const allowed = await runWayward(args, { ...inFolder, env: known })
      expect(allowed).toMatchObject({ code: 0, stderr: '' })
      expect(allowed.stdout).toMatch(/drain/)
      const refused = await runWayward(args, inFolder)
      expect(refused.code).toBe(3)
      expect(refused.stderr).toMatch(/refuses user "wayward_writer"/)
    } finally {
      await service.stop()
      await engine.shutdown()
    }
  })

  test('that does not answer at a restart keeps no sender waiting', async () => {
    const engine = await startTestEngine()
    const door = await startDoor(Number(new URL(engine.url).port))
    const restartedDir = join(folder.path, 'restarted')
    mkdirSync(join(restartedDir, 'journal'), { recursive: true })
    const service = await startService(restartedDir, anyPorts, {
      WAYWARD_CLICKHOUSE_URL: `http://127.0.0.1:${door.port}`,
      WAYWARD_CLICKHOUSE_USER: 'wayward_writer',
      WAYWARD_CLICKHOUSE_PASSWORD: engine.writerToken,
      WAYWARD_CLICKHOUSE_DATABASE: 'later',
    })
    try {
      expect(service.stderr()).toMatch(
        /server is away or busy; requests are taken into the journal/,
      )
      const response = await fetch(`${service.endpoints.otlpHttp}/v1/traces`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(oneSpan()),
      })
      expect(response.status).toBe(200)
      door.open()
      const inserted = `${service.endpoints.api}/inserted`
      await expect.poll(async () => (await fetch(inserted)).status).toBe(200)
      const { reader } = engine.open('later')
      const rows = await reader.query<{ n: string }>('SELECT count() AS n FROM otel_traces')
      expect(rows).toEqual([{ n: '1' }])
    } finally {
      await service.stop()
      door.close()
      await engine.shutdown()
    }
  })
})

/** A way to a port on which connections get no answer until it is opened. */
async function startDoor(port: number) {
  let isOpen = false
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket.on('error', () => socket.destroy()))
    if (!isOpen) return
    const other = connect(port, '127.0.0.1').on('error', () => socket.destroy())
    sockets.add(other)
    socket.pipe(other).pipe(socket)
  })
  const drop = (): void => {
    for (const socket of sockets) socket.destroy()
  }
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('The door has no port')
  const open = (): void => {
    isOpen = true
    drop()
  }
  const close = (): void => {
    server.close()
    drop()
  }
  return { port: address.port, open, close }
}

/** Sends one span per request, several at a time, and stops the service in the midst of it. */
async function sendUntilStopped(service: RunningService) {
  let count = 0
  const stopped = new AbortController()
  const sender = async (): Promise<void> => {
    while (!stopped.signal.aborted) {
      try {
        const response = await fetch(`${service.endpoints.otlpHttp}/v1/traces`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify(oneSpan()),
        })
        if (response.status === 200) count++
        await response.arrayBuffer()
      } catch {
        // The connection of a service that stops is refused or cut: then nothing was acknowledged.
      }
    }
  }
  const senders = Array.from({ length: 8 }, sender)
  await new Promise((resolve) => setTimeout(resolve, 500))
  const stop = await service.stop('SIGTERM')
  stopped.abort()
  await Promise.all(senders)
  return { count, stop }
}

function oneSpan() {
  const hex = (bytes: number) =>
    Buffer.from(crypto.getRandomValues(new Uint8Array(bytes))).toString('hex')
  const now = `${Date.now()}000000`
  const span = {
    traceId: hex(16),
    spanId: hex(8),
    name: 'drain',
    kind: 1,
    startTimeUnixNano: now,
    endTimeUnixNano: now,
  }
  const attributes = [{ key: 'service.name', value: { stringValue: 'drain' } }]
  return { resourceSpans: [{ resource: { attributes }, scopeSpans: [{ spans: [span] }] }] }
}

describe('stopping', () => {
  test.each(['SIGINT', 'SIGHUP'] as const)(
    '%s ends an idle service with 0 within 5 s, and its ports are free',
    async (signal) => {
      const service = await startService(join(folder.path, 'idle'))
      const { code, ms } = await service.stop(signal)
      expect(code).toBe(0)
      expect(ms).toBeLessThan(5000)
      await expect(fetch(service.endpoints.api)).rejects.toThrow()
      await expect(fetch(service.endpoints.clickhouse.url)).rejects.toThrow()
    },
  )

  test('a service that was killed leaves a stale endpoints.json, which hinders nobody', async () => {
    const killedDir = join(folder.path, 'killed')
    const killed = await startService(killedDir)
    await killed.stop('SIGKILL')
    expect(existsSync(join(killedDir, 'endpoints.json'))).toBe(true)
    const read = await runWayward(['query', '--data-dir', killedDir, 'SELECT 42 AS x'], inFolder)
    expect(read).toMatchObject({ code: 0, stderr: '' })
    expect(read.stdout).toContain('42')
    const next = await startService(killedDir)
    expect(next.endpoints.pid).not.toBe(killed.endpoints.pid)
    expect((await next.stop()).code).toBe(0)
  })
})

test('a full disk behind its output does not stop a service', async () => {
  const data = join(folder.path, 'full-output')
  let health = 0
  const { code, stderr } = await runWayward(['serve', '--data-dir', data, ...anyPorts], {
    ...inFolder,
    stdout: '/dev/full',
    onStart: (child) =>
      void (async () => {
        const path = join(data, 'endpoints.json')
        while (!existsSync(path)) await sleep(100)
        const { api } = JSON.parse(readFileSync(path, 'utf8')) as { api: string }
        // When it has tried to write, it has begun to wait for its end.
        await sleep(500)
        health = (await fetch(`${api}/healthz`)).status
        child.kill('SIGTERM')
      })(),
  })
  expect({ code, health }).toEqual({ code: 0, health: 200 })
  expect(stderr).toContain('the disk is full (ENOSPC)')
})

describe('bad settings', () => {
  test.each<[string, string[], number, RegExp]>([
    ['an open host', ['--api', '0.0.0.0:0'], 2, /0\.0\.0\.0:0: other machines can reach it/],
    ['no port', ['--otlp-grpc', 'localhost'], 2, /flag --otlp-grpc.*wanted host:port/],
    ['a file that is missing', ['--config', 'none.yaml'], 2, /"none\.yaml"/],
    ['an unknown option', ['--otlp-grcp', 'x'], 2, /Unknown option.*--otlp-grpc/i],
    ['an argument too many', ['now'], 2, /Too many arguments/i],
    [
      'a server that is down',
      ['--clickhouse-url', 'http://127.0.0.1:1'],
      3,
      /Cannot reach ClickHouse/,
    ],
  ])('%s', async (_, args, code, message) => {
    const all = ['serve', '--data-dir', join(folder.path, 'bad'), ...anyPorts, ...args]
    expectOneError(await runWayward(all, inFolder), code, message)
  })

  test('a bad value in the environment is told with its variable', async () => {
    const env = { WAYWARD_API: 'x' }
    const result = await runWayward(['serve', ...anyPorts.slice(0, 6)], { ...inFolder, env })
    expectOneError(result, 2, /"x".*environment variable WAYWARD_API/)
  })

  test('a bad value in the file is told with file and line', async () => {
    writeFileSync(join(folder.path, 'w.yaml'), 'data-dir: y\n\napi: 127.0.0.1\n')
    const args = ['serve', ...anyPorts.slice(0, 6), '--config', 'w.yaml']
    expectOneError(await runWayward(args, inFolder), 2, /w\.yaml:3/)
  })
})

describe('bad data folders', () => {
  test('a file in its place', async () => {
    writeFileSync(join(folder.path, 'file'), '')
    const args = ['serve', '--data-dir', join(folder.path, 'file'), ...anyPorts]
    expectOneError(await runWayward(args, inFolder), 3, /it is a file/)
  })

  test('a file in its path', async () => {
    writeFileSync(join(folder.path, 'file'), '')
    const args = ['serve', '--data-dir', join(folder.path, 'file', 'x'), ...anyPorts]
    expectOneError(await runWayward(args, inFolder), 3, /Cannot write to the data folder/)
  })

  test('a file in the place of the journal', async () => {
    const dataDir = join(folder.path, 'no-journal')
    mkdirSync(dataDir)
    writeFileSync(join(dataDir, 'journal'), '')
    const { code, stderr } = await runWayward(
      ['serve', '--data-dir', dataDir, ...anyPorts],
      inFolder,
    )
    expect(stderr).toMatch(/Cannot use the journal's folder .*journal-format\.md/)
    expect(stderr).not.toMatch(/An error inside Wayward/)
    expect(code).toBe(3)
  })

  test('a place where no folder can be made', async (context) => {
    if (process.platform !== 'linux') context.skip('there is no /proc')
    const args = ['serve', '--data-dir', '/proc/wayward/data', ...anyPorts]
    expectOneError(await runWayward(args, inFolder), 3, /Cannot write to the data folder/)
  })

  test('a folder that cannot be written', async (context) => {
    const closed = join(folder.path, 'closed')
    mkdirSync(closed, { mode: 0o500 })
    if (process.getuid?.() === 0) {
      const reason = mountTmpfs(closed, 'ro,size=1m')
      if (reason !== undefined) context.skip(`root may write everywhere, and ${reason}`)
    }
    try {
      for (const dataDirInIt of [closed, join(closed, 'data')]) {
        const args = ['serve', '--data-dir', dataDirInIt, ...anyPorts]
        expectOneError(await runWayward(args, inFolder), 3, /Cannot (write|use|open)/)
      }
    } finally {
      unmount(closed)
    }
  })

  test('a folder on a full disk', async (context) => {
    const full = join(folder.path, 'full')
    mkdirSync(full)
    const reason = mountTmpfs(full, 'size=64k')
    if (reason !== undefined) context.skip(reason)
    try {
      const args = ['serve', '--data-dir', join(full, 'data'), ...anyPorts]
      const result = await runWayward(args, inFolder)
      expectOneError(result, 3, /disk .*is full/i)
    } finally {
      unmount(full)
    }
  })
})

/** Mounts a small file system; why not, if not. */
function mountTmpfs(path: string, options: string): string | undefined {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', path], { stdio: 'pipe' })
    return undefined
  } catch {
    return 'a small file system cannot be mounted here'
  }
}

function unmount(path: string): void {
  try {
    execFileSync('umount', ['-l', path], { stdio: 'pipe' })
  } catch {
    // It was not mounted.
  }
}
