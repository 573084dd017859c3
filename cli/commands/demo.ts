// `wayward demo`: runs the shop of examples/, which misbehaves on purpose, against a service, and
// shows the report on it.
import { createLogger } from '@wayward/base'
import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { listSessions } from '@wayward/analyzers'
import { type Store } from '@wayward/clickhouse'
import { CommandError, exitCodes } from '../command-error.ts'
import { type demoFields, serviceFields, storeFields } from '../configuration/fields.ts'
import { type Resolved, resolveFields } from '../configuration/resolve.ts'
import { type Endpoints, isAlive, isAnswering, readEndpoints } from '../endpoints.ts'
import { toAnswerError, withStore } from '../open-store.ts'
import { type RankedReport, runReport } from '@wayward/analyzers/report/ranked'
import { rankedText } from '@wayward/analyzers/report/ranked-text'
import { Interrupted, type Terminal } from '../terminal.ts'
import { type Service, startedWithin, startService } from './serve.ts'

export interface DemoCommand {
  readonly values: Resolved<typeof demoFields>
  readonly name: string
}

/** The shop is open for about 6 s; longer than this it hangs. */
const shopTimeoutMs = 60_000
const arrivalWaitMs = 15_000
/** An engine that is starting writes into the folder that is to be removed. */
const startEndMsMax = 10_000

export async function demo(terminal: Terminal, { values, name }: DemoCommand): Promise<void> {
  const shop = findShop()
  const running = await findRunning(terminal, values)
  const given = running?.dataDir ?? values.dataDir
  const interruption = terminal.catchSignals()
  const interrupted = Interrupted.promise(interruption)
  const dataDir = given ?? mkdtempSync(join(tmpdir(), 'wayward-demo-'))
  let starting: Promise<Service> | undefined
  let isShown = false
  try {
    if (running === undefined) {
      terminal.note(`Starting a service with its data in ${dataDir} ...`)
      starting = startOwn(terminal, dataDir)
    }
    const endpoints = running?.endpoints ?? (await Promise.race([starting, interrupted]))?.endpoints
    if (endpoints === undefined) throw new Error('No service although one was started')
    terminal.note('The shop is open; it closes in a few seconds ...')
    const session = await runShop(terminal, { shop, endpoints, interruption })
    // A running service may keep its data at a server whose password is in the environment.
    const env = running === undefined ? {} : terminal.env
    const found = await Promise.race([report(terminal, { dataDir, env, session }), interrupted])
    await terminal.write(`\n${rankedText(found, terminal.width, terminal.style)}`)
    const isOwn = running === undefined
    await terminal.write(`\n${farewell(terminal, { name, session, dataDir, isOwn })}`)
    isShown = true
  } finally {
    const service =
      starting === undefined ? undefined : await startedWithin(starting, startEndMsMax)
    await service?.shutdown()
    // Half a demo is nothing to look further into.
    if (given === undefined && !isShown) {
      rmSync(dataDir, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 })
    }
  }
}

/** What the analyzers say about the shop's session. */
async function report(
  terminal: Terminal,
  {
    dataDir,
    env,
    session,
  }: {
    readonly dataDir: string
    readonly env: Terminal['env']
    readonly session: string
  },
): Promise<RankedReport> {
  const sources = fixedSources(terminal, { 'data-dir': dataDir })
  return await withStore(
    terminal,
    resolveFields(storeFields, { ...sources, env }),
    async (store) => {
      await waitForSession(store, session)
      try {
        return await runReport(store, { sessions: [session] })
      } catch (error) {
        throw toAnswerError(error)
      }
    },
  )
}

/**
 * The built shop beside this package in the repository; it is not part of the published package.
 */
function findShop(): string {
  for (const path of ['../../examples/shop/dist/main.js', '../../../examples/shop/dist/main.js']) {
    const file = fileURLToPath(new URL(path, import.meta.url))
    if (existsSync(file)) return file
  }
  throw new CommandError(
    exitCodes.usage,
    'The demo needs the folder examples/shop of the repository, which is not part of the installed package; clone the repository and run "npm run demo" there',
  )
}

async function findRunning(
  terminal: Terminal,
  values: Resolved<typeof demoFields>,
): Promise<{ readonly dataDir: string; readonly endpoints: Endpoints } | undefined> {
  const given = values.dataDir === undefined ? {} : { 'data-dir': values.dataDir }
  const { dataDir } = resolveFields(
    { dataDir: storeFields.dataDir },
    { ...fixedSources(terminal, given), env: terminal.env },
  )
  const endpoints = readEndpoints(dataDir)
  if (endpoints === undefined || !isAlive(endpoints.pid)) return undefined
  return (await isAnswering(endpoints.api, '/readyz')) ? { dataDir, endpoints } : undefined
}

/** Settings that do not come from the person but from us. */
function fixedSources(terminal: Terminal, flags: Readonly<Record<string, string>>) {
  return { flags: new Map(Object.entries(flags)), env: {}, cwd: terminal.cwd, fileFields: [] }
}

async function startOwn(terminal: Terminal, dataDir: string): Promise<Service> {
  const anyPort = '127.0.0.1:0'
  const values = resolveFields(
    serviceFields,
    fixedSources(terminal, {
      'data-dir': dataDir,
      'otlp-grpc': anyPort,
      'otlp-http': anyPort,
      clickhouse: anyPort,
      api: anyPort,
    }),
  )
  const logger = createLogger(
    { write: (line) => terminal.note(line.trimEnd()) },
    { level: 'error' },
  )
  return await startService(values, logger)
}

/** Runs the shop to its end and returns the id of its session. */
async function runShop(
  terminal: Terminal,
  {
    shop,
    endpoints,
    interruption,
  }: {
    readonly shop: string
    readonly endpoints: Endpoints
    readonly interruption: AbortSignal
  },
): Promise<string> {
  const child = spawn(process.execPath, [shop], {
    env: shopEnvironment(terminal, endpoints),
    stdio: ['ignore', 'pipe', 'inherit'],
    timeout: shopTimeoutMs,
  })
  const stop = (): void => {
    child.kill('SIGTERM')
  }
  interruption.addEventListener('abort', stop, { once: true })
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    output += chunk
  })
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', resolve)
  })
  interruption.removeEventListener('abort', stop)
  if (interruption.aborted) throw new Interrupted()
  if (code !== 0) throw new Error(`The shop ended with ${code ?? child.signalCode}: ${output}`)
  return sessionOf(output)
}

/** What a running service may ask of those who send. */
const protectionVariables = [
  'OTEL_EXPORTER_OTLP_HEADERS',
  'OTEL_EXPORTER_OTLP_CERTIFICATE',
  'OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE',
  'OTEL_EXPORTER_OTLP_CLIENT_KEY',
]

/**
 * OpenTelemetry settings of the person's own applications must not send the shop's data elsewhere.
 */
function shopEnvironment(terminal: Terminal, endpoints: Endpoints): Record<string, string> {
  const env: Record<string, string> = {}
  for (const [name, value] of Object.entries(terminal.env)) {
    if (value !== undefined && !name.startsWith('OTEL_')) env[name] = value
  }
  const { otlpGrpc } = endpoints
  env['OTEL_EXPORTER_OTLP_ENDPOINT'] = otlpGrpc.includes('://') ? otlpGrpc : `http://${otlpGrpc}`
  for (const name of protectionVariables) {
    const value = terminal.env[name]
    if (value !== undefined) env[name] = value
  }
  return env
}

function sessionOf(output: string): string {
  const parsed: unknown = JSON.parse(output)
  if (typeof parsed === 'object' && parsed !== null && 'session' in parsed)
    return String(parsed.session)
  throw new Error(`The shop did not name its session: ${output}`)
}

/**
 * What the shop sent is in the store when it was acknowledged; this is for a service that is
 * overloaded.
 */
async function waitForSession(store: Store, session: string): Promise<void> {
  const deadline = Date.now() + arrivalWaitMs
  for (;;) {
    const { rows } = await listSessions(store)
    if (rows.some((row) => row['session'] === session)) return
    if (Date.now() > deadline) {
      throw new CommandError(
        exitCodes.store,
        `Nothing of the shop's session ${session} has arrived after ${arrivalWaitMs / 1000} s; look at the log of the service; one that asks for TLS or a token gets them from OTEL_EXPORTER_OTLP_CERTIFICATE and OTEL_EXPORTER_OTLP_HEADERS`,
      )
    }
    await sleep(100)
  }
}

interface FarewellFacts {
  readonly name: string
  readonly session: string
  readonly dataDir: string
  readonly isOwn: boolean
}

function farewell(terminal: Terminal, facts: FarewellFacts): string {
  const { style } = terminal
  const folder =
    facts.dataDir === join(terminal.cwd, '.wayward') ? '' : ` --data-dir ${facts.dataDir}`
  const session = facts.session.slice(0, 8)
  const lines = [
    style.bold('Look further:'),
    `  ${facts.name} report --session ${session}${folder}`,
    `  ${facts.name} analyze lock-contention --session ${session}${folder}`,
    `  ${facts.name} query "SELECT SpanName, count() FROM otel_traces GROUP BY ALL"${folder}`,
  ]
  if (facts.isOwn)
    lines.push(style.dim(`The data stay in ${facts.dataDir} until you remove the folder.`))
  return lines.map((line) => `${line}\n`).join('')
}
