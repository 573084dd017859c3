// Goal: what the README and the how-to pages tell people to run does run. Method: a service on free
// ports and a temporary data folder; every fenced block of the pages goes to the program that its
// language names, with the documented ports replaced by the ones in use.
import { createLogger } from '@wayward/base'
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createEngine, defaultEngineLimits, type Engine } from '@wayward/clickhouse'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

const root = fileURLToPath(new URL('../', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'wayward-docs-'))
const dataDir = join(folder, 'data')
// Inside the repository, so that a snippet finds the packages that it imports.
const snippets = join(root, 'test', 'dist', 'snippets')

const pages = [
  'README.md',
  'CONTRIBUTING.md',
  'docs/send-data.md',
  'docs/query.md',
  'docs/live.md',
  'docs/sessions.md',
  'docs/jobs.md',
  'docs/report.md',
  'docs/server.md',
  'docs/self-telemetry.md',
  'docs/mmstats.md',
  'docs/metlog.md',
  'docs/control.md',
  'docs/router.md',
]

interface Block {
  readonly page: string
  readonly language: string
  readonly text: string
}

const blocks = pages.flatMap(blocksOf)

function blocksOf(page: string): Block[] {
  const text = readFileSync(join(root, page), 'utf8')
  return [...text.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)].map((match) => ({
    page,
    language: match[1] ?? '',
    text: (match[2] ?? '').trimEnd(),
  }))
}

/** Commands that this file or the test run itself is. */
const runElsewhere: Readonly<Record<string, string>> = {
  'npm start': 'starts the service for all other blocks, below',
  'npm run demo': 'is run by test/e2e/demo.test.ts, with what it prints',
  'npm test': 'is the command that runs this test',
}

let service: ChildProcess
let serverEngine: Engine
let serverUrl = ''
let serverToken = ''
let ports: Readonly<Record<string, string>> = {}
const environment = {
  ...process.env,
  WAYWARD_DATA_DIR: dataDir,
  WAYWARD_OTLP_GRPC: '127.0.0.1:0',
  WAYWARD_OTLP_HTTP: '127.0.0.1:0',
  WAYWARD_CLICKHOUSE: '127.0.0.1:0',
  WAYWARD_API: '127.0.0.1:0',
  PATH: `${join(folder, 'bin')}${delimiter}${process.env['PATH'] ?? ''}`,
}

interface Endpoints {
  readonly otlpGrpc: string
  readonly otlpHttp: string
  readonly api: string
  readonly clickhouse: { readonly url: string }
}

beforeAll(async () => {
  mkdirSync(join(folder, 'bin'))
  mkdirSync(snippets, { recursive: true })
  // What `npm install --global wayward` would put on the path.
  const command = join(folder, 'bin', 'wayward')
  writeFileSync(command, `#!/bin/sh\nexec node ${join(root, 'cli/dist/main.js')} "$@"\n`)
  chmodSync(command, 0o755)
  service = spawn('npm', ['start'], {
    cwd: root,
    env: environment,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  await waitForText(service, 'Wayward is ready')
  const endpoints = JSON.parse(readFileSync(join(dataDir, 'endpoints.json'), 'utf8')) as Endpoints
  ports = {
    '127.0.0.1:4317': endpoints.otlpGrpc,
    '127.0.0.1:4318': new URL(endpoints.otlpHttp).host,
    '127.0.0.1:8123': new URL(endpoints.clickhouse.url).host,
    '127.0.0.1:4320': new URL(endpoints.api).host,
    'port=8123': `port=${new URL(endpoints.clickhouse.url).port}`,
  }
  serverToken = 'a-password-for-the-documentation'
  serverEngine = createEngine({
    dataDir: join(folder, 'server'),
    listen: { host: '127.0.0.1', port: 0 },
    writerToken: serverToken,
    memoryBytesMax: 1024 ** 3,
    limits: defaultEngineLimits,
    logger: createLogger(process.stderr, { level: 'error' }),
  })
  serverUrl = (await serverEngine.start()).url
}, 120_000)

afterAll(async () => {
  const isStopped = new Promise((resolve) => service.once('exit', resolve))
  service.kill('SIGTERM')
  await isStopped
  await serverEngine.shutdown(5000)
  rmSync(folder, { recursive: true, force: true })
})

async function waitForText(child: ChildProcess, wanted: string): Promise<void> {
  let seen = ''
  await new Promise<void>((resolve, reject) => {
    child.stdout?.on('data', (chunk: Buffer) => {
      seen += chunk.toString()
      if (seen.includes(wanted)) resolve()
    })
    child.once('exit', (code) =>
      reject(new Error(`Ended with ${code} before "${wanted}": ${seen}`)),
    )
  })
}

/** The block with the addresses that are in use here. */
function withPorts(text: string): string {
  // In one go: a port in use may begin with the digits of a documented one.
  const documented = new RegExp(Object.keys(ports).join('|').replaceAll('.', '\\.'), 'gu')
  return text.replaceAll(documented, (found) => ports[found] ?? found)
}

function runText(program: string, args: readonly string[], input: string, env = {}): string {
  const result = spawnSync(program, args, {
    cwd: root,
    env: {
      ...environment,
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://${ports['127.0.0.1:4317']}`,
      ...env,
    },
    input,
    encoding: 'utf8',
    // What hangs is ended; a machine that is busy with other tests is given time.
    timeout: 170_000,
  })
  expect(
    result.status,
    `${program} ${args.join(' ')}\n${input}\n${result.stdout}${result.stderr}`,
  ).toBe(0)
  return result.stdout
}

function isMissing(program: string, args: readonly string[]): boolean {
  const missing = spawnSync(program, args).status !== 0
  if (missing) console.warn(`Skipped: "${program} ${args.join(' ')}" does not work on this machine`)
  return missing
}

/** Commands that go on until Ctrl-C. */
const endless = /\bwayward tail\b|\/api\/stream\b/

/** Reports a span "wait a" of half a second to the service, each time another one. */
async function sendSpan(attributes: Readonly<Record<string, string>>): Promise<void> {
  const list = (values: Readonly<Record<string, string>>) =>
    Object.entries(values).map(([key, stringValue]) => ({ key, value: { stringValue } }))
  const now = BigInt(Date.now()) * 1_000_000n
  const span = {
    traceId: randomBytes(16).toString('hex'),
    spanId: randomBytes(8).toString('hex'),
    name: 'wait a',
    startTimeUnixNano: String(now),
    endTimeUnixNano: String(now + 500_000_000n),
    attributes: list(attributes),
  }
  const resource = { attributes: list({ 'service.name': 'shop' }) }
  await fetch(`http://${ports['127.0.0.1:4318']}/v1/traces`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ resourceSpans: [{ resource, scopeSpans: [{ spans: [span] }] }] }),
  })
}

const shellBlocks = blocks.filter(
  (block) =>
    block.language === 'sh' && runElsewhere[block.text] === undefined && !endless.test(block.text),
)

describe('shell blocks', () => {
  test.each(shellBlocks.filter((block) => !block.text.includes('--clickhouse-url')))(
    '$page: $text',
    ({ text }) => {
      runText('bash', ['-euo', 'pipefail'], withPorts(text))
    },
    240_000,
  )

  test.each(blocks.filter(({ language, text }) => language === 'sh' && endless.test(text)))(
    '$page: $text (until something comes)',
    async ({ text }) => {
      const child = spawn('bash', ['-euo', 'pipefail', '-c', `exec ${withPorts(text)}`], {
        cwd: root,
        env: environment,
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      const ended = new Promise((resolve) => child.once('exit', resolve))
      // What each of the documented filters lets through.
      const wait = { 'wayward.kind': 'lock_wait', 'wayward.lock.name': 'a' }
      const sending = setInterval(() => void sendSpan(wait), 200)
      await waitForText(child, 'wait a')
      clearInterval(sending)
      child.kill('SIGINT')
      await ended
    },
    240_000,
  )

  test.each(shellBlocks.filter((block) => block.text.includes('--clickhouse-url')))(
    '$page: $text (until it is ready)',
    async ({ text }) => {
      const changed = text
        .replace('http://clickhouse.example:8123', serverUrl)
        .replace('--clickhouse-user wayward', '--clickhouse-user wayward_writer')
        .replace("'…'", `'${serverToken}'`)
        .replace(/^wayward serve/m, 'exec wayward serve')
      const child = spawn('bash', ['-euo', 'pipefail', '-c', changed], {
        cwd: root,
        env: { ...environment, WAYWARD_DATA_DIR: join(folder, 'beside-a-server') },
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      const exitCode = new Promise((resolve) => child.once('exit', resolve))
      await waitForText(child, 'Wayward is ready')
      child.kill('SIGTERM')
      expect(await exitCode).toBe(0)
    },
    240_000,
  )
})

describe('programs', () => {
  test.each(blocks.filter((block) => block.language === 'js'))(
    '$page: JavaScript',
    ({ page, text }) => {
      const path = join(snippets, `${page.replaceAll(/\W/g, '-')}.mjs`)
      writeFileSync(path, withPorts(text))
      runText(process.execPath, [path], '')
    },
  )

  test.each(blocks.filter((block) => block.language === 'python'))('$page: Python', ({ text }) => {
    if (isMissing('python3', ['-c', 'import clickhouse_connect'])) return
    runText('python3', ['-'], withPorts(text))
  })
})
