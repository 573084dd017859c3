import { spawn } from 'node:child_process'
import { chmod, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createEngine, defaultEngineLimits, type Engine } from '@wayward/clickhouse'
import { expect, test } from 'vitest'
import { ask, eventually, recordingLogger, startEngine, tokenText } from './running-engine.ts'

const pick = (dataDir: string, port = 0): Engine =>
  createEngine({
    dataDir,
    listen: { host: '127.0.0.1', port },
    writerToken: tokenText,
    memoryBytesMax: 500_000_000,
    limits: defaultEngineLimits,
    logger: recordingLogger([]),
  })

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

test('a killed process comes back on the same port, with its data', async () => {
  const engine = await startEngine()
  try {
    await engine.write('CREATE TABLE t (a UInt32) ENGINE = MergeTree ORDER BY a')
    await engine.write('INSERT INTO t VALUES (1), (2)')
    const pid = engine.engine.pid ?? 0
    process.kill(pid, 'SIGKILL')
    await eventually('the engine answers again', 10_000, async () => {
      const answer = await engine.read('SELECT sum(a) FROM t').catch(() => undefined)
      return answer?.text === '3\n'
    })
    expect(engine.engine.pid).not.toBe(pid)
    expect(engine.messages.join('\n')).toContain('started again')
  } finally {
    await engine.close()
  }
})

test('a second engine on the same folder is refused and says who has it', async () => {
  const engine = await startEngine()
  try {
    await expect(pick(engine.dataDir).start()).rejects.toMatchObject({
      code: 'data_dir_in_use',
      message: expect.stringContaining(String(engine.engine.pid)),
    })
    expect((await engine.read('SELECT 1')).text).toBe('1\n')
  } finally {
    await engine.close()
  }
})

test('a port in use is refused by name', async () => {
  const taken = createServer()
  await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve))
  const address = taken.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  const folder = await mkdtemp(join(tmpdir(), 'wayward-engine-'))
  const engine = pick(folder, port)
  await expect(engine.start()).rejects.toMatchObject({
    code: 'port_in_use',
    message: expect.stringContaining(String(port)),
  })
  taken.close()
  // The same engine can be started again when the reason is gone.
  await engine.start()
  await engine.shutdown(5000)
  await rm(folder, { recursive: true, force: true })
})

test('an address of another machine is refused', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'wayward-engine-'))
  const engine = createEngine({
    dataDir: folder,
    listen: { host: '192.0.2.1', port: 0 },
    writerToken: tokenText,
    memoryBytesMax: 500_000_000,
    limits: defaultEngineLimits,
    logger: recordingLogger([]),
  })
  await expect(engine.start()).rejects.toMatchObject({ code: 'address_unavailable' })
  await rm(folder, { recursive: true, force: true })
})

test('a folder that cannot be written is refused', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'wayward-engine-'))
  await writeFile(join(folder, 'file'), '')
  await expect(pick(join(folder, 'file', 'data')).start()).rejects.toMatchObject({
    code: 'data_dir_unwritable',
    // The code once, and not before a message that begins with it.
    message: expect.stringMatching(/" \(ENOTDIR: (?!ENOTDIR)/) as string,
  })
  await chmod(folder, 0o500)
  if (process.getuid?.() !== 0) {
    await expect(pick(join(folder, 'data')).start()).rejects.toMatchObject({
      code: 'data_dir_unwritable',
    })
  }
  await chmod(folder, 0o700)
  await rm(folder, { recursive: true, force: true })
})

test('shutdown answers what is under way, and is safe twice and without start', async () => {
  await pick('/nowhere').shutdown(1000)
  const engine = await startEngine()
  const unused = connect(engine.port, '127.0.0.1')
  const slow = engine.read('SELECT sleep(0.5)')
  await new Promise((resolve) => setTimeout(resolve, 100))
  const pid = engine.engine.pid ?? 0
  const start = performance.now()
  await engine.engine.shutdown(5000)
  expect(performance.now() - start).toBeLessThan(2000)
  expect((await slow).text).toBe('0\n')
  expect(isAlive(pid)).toBe(false)
  unused.destroy()
  await engine.close()
})

test('shutdown stops what does not end within the deadline', async () => {
  const engine = await startEngine()
  const endless = engine.read('SELECT count() FROM numbers(1000000000000)').catch(() => undefined)
  await new Promise((resolve) => setTimeout(resolve, 200))
  const start = performance.now()
  await engine.engine.shutdown(1000)
  expect(performance.now() - start).toBeLessThan(2500)
  await endless
  await engine.close()
})

test('the process ignores Ctrl-C, which its parent handles', async () => {
  const engine = await startEngine()
  process.kill(engine.engine.pid ?? 0, 'SIGINT')
  await new Promise((resolve) => setTimeout(resolve, 200))
  expect((await engine.read('SELECT 1')).text).toBe('1\n')
  await engine.close()
})

test('the process ends when its parent is killed', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'wayward-engine-'))
  const script = `
    import { createLogger } from '@wayward/base'
    import { createEngine, defaultEngineLimits } from '@wayward/clickhouse'
    const engine = createEngine({
      dataDir: ${JSON.stringify(folder)}, listen: { host: '127.0.0.1', port: 0 }, writerToken: 'x',
      memoryBytesMax: 500_000_000, limits: defaultEngineLimits, logger: createLogger(process.stderr),
    })
    await engine.start()
    console.log(engine.pid)
    setInterval(() => {}, 1000)`
  const parent = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const pid = await new Promise<number>((resolve) =>
    parent.stdout.once('data', (chunk: Buffer) => resolve(Number(chunk.toString()))),
  )
  expect(isAlive(pid)).toBe(true)
  parent.kill('SIGKILL')
  await eventually('the engine is gone', 5000, () => !isAlive(pid))
  await rm(folder, { recursive: true, force: true })
})

test('parts that a merge has replaced disappear from the disk', async () => {
  const engine = await startEngine({ cleanupIntervalMs: 300 })
  try {
    await engine.write(
      `CREATE TABLE t (a UInt32, d Date DEFAULT '2026-01-02')
        ENGINE = MergeTree PARTITION BY toYYYYMM(d) ORDER BY a`,
    )
    for (let i = 0; i < 5; i += 1) await engine.write(`INSERT INTO t (a) VALUES (${i})`)
    await engine.write('OPTIMIZE TABLE t FINAL')
    const folders = async (): Promise<number> => {
      const { text } = await engine.read(
        `SELECT arrayElement(data_paths, 1) FROM system.tables WHERE name = 't' AND database = 'wayward'`,
      )
      return (await readdir(text.trim())).filter((name) => name.startsWith('202601_')).length
    }
    await eventually('one part is left on disk', 5000, async () => (await folders()) === 1)
    expect((await engine.read('SELECT count(), sum(a) FROM t')).text).toBe('5\t10\n')
    expect(engine.messages.filter((message) => message.includes('Cannot delete'))).toEqual([])
  } finally {
    await engine.close()
  }
})

test('readers and writers side by side do not disturb each other', async () => {
  const engine = await startEngine()
  try {
    await engine.write('CREATE TABLE t (a UInt32, b String) ENGINE = MergeTree ORDER BY a')
    const insert = Array.from({ length: 40 }, (_, i) =>
      engine.write(`INSERT INTO t SELECT number, 'x' FROM numbers(${i * 1000}, 1000)`),
    )
    const read = Array.from({ length: 60 }, (_, i) =>
      ask(engine.url, { param_n: String(i) }, { body: 'SELECT {n:UInt32}, count() >= 0 FROM t' }),
    )
    expect(new Set((await Promise.all(insert)).map(({ status }) => status))).toEqual(new Set([200]))
    expect((await Promise.all(read)).map(({ text }) => text)).toEqual(
      read.map((_, i) => `${i}\t1\n`),
    )
    expect((await engine.read('SELECT count() FROM t')).text).toBe('40000\n')
  } finally {
    await engine.close()
  }
})
