// A process of clients: `fork(load.js, [<LoadPlan as JSON>])`. It tells its parent of each request
// that is over, and ends by itself when it was told to stop and no request is under way.
import { setTimeout as sleep } from 'node:timers/promises'
import { createRandom, type Random } from '../collector/decode/random.ts'
import { type CrashRequest, encodeRequest, randomShape } from './crash-request.ts'
import { type ExporterPolicy, exportRequest, type ExportResult } from './exporter.ts'
import { createSdkExporter } from './sdk-exporter.ts'
import { createGrpcTransport, createHttpTransport, type Transport } from './transports.ts'

export interface LoadPlan {
  readonly seed: number
  /** Tells the load processes of a run apart: from 0. */
  readonly process: number
  readonly clients: number
  readonly grpcPort: number
  readonly httpPort: number
  /** The longest pause of a client between two requests; each has one of its own below it. */
  readonly pauseMsMax: number
}

/** A request that is over. */
export interface LoadReport {
  readonly client: string
  readonly request: CrashRequest
  readonly result: ExportResult
}

const requestsPerProcess = 10_000_000
const itemsPerProcess = 1_000_000_000
const afterFailureMs = 500

/** Gives the requests of a process their numbers. */
export interface Numbering {
  next(items: number): { readonly number: number; readonly firstItem: number }
}

function createNumbering(process: number): Numbering {
  let number = process * requestsPerProcess
  let item = process * itemsPerProcess + 1
  return {
    next(items) {
      const firstItem = item
      item += items
      number++
      return { number, firstItem }
    },
  }
}

interface Client {
  readonly name: string
  /** Makes one request and sends it until it is over. */
  send(): Promise<LoadReport>
  close(): void
}

function createClient(plan: LoadPlan, index: number, numbering: Numbering): Client {
  const random = createRandom(plan.seed * 1000 + plan.process * 100 + index)
  const isGzip = random.chance(0.4)
  const isLarge = index % 4 === 3
  const kind = index % 5
  if (kind === 4) return createSdkClient(plan, index, numbering, random)
  const transport =
    kind < 2
      ? createGrpcTransport(plan.grpcPort, plan.process * 100 + index, isGzip)
      : createHttpTransport(plan.httpPort, kind === 2 ? 'protobuf' : 'json', isGzip)
  const policy: ExporterPolicy = {
    attemptTimeoutMs: random.pick([2000, 2000, 2000, 300, 50]),
    giveUpMs: random.pick([30_000, 30_000, 30_000, 6000, 2500]),
    breakChance: random.pick([0, 0, 0.1, 0.3]),
  }
  const protocol = kind < 2 ? 'gRPC' : `HTTP ${transport.encoding}`
  const name = `${plan.process}.${index} ${protocol}${isGzip ? ' gzip' : ''}${isLarge ? ' large' : ''} ${JSON.stringify(policy)}`
  return {
    name,
    send: () => sendOne({ name, transport, policy, numbering, random, isLarge }),
    close: () => transport.close(),
  }
}

interface SendParts {
  readonly name: string
  readonly transport: Transport
  readonly policy: ExporterPolicy
  readonly numbering: Numbering
  readonly random: Random
  readonly isLarge: boolean
}

async function sendOne(parts: SendParts): Promise<LoadReport> {
  const { name, transport, policy, numbering, random } = parts
  const shape = randomShape(random, parts.isLarge)
  const { signal, items, isLockHolds } = shape
  const request = { ...numbering.next(items), signal, items, isLockHolds }
  const body = encodeRequest(request, shape, random, transport.encoding)
  const result = await exportRequest(transport, signal, body, policy, random)
  return { client: name, request, result }
}

function createSdkClient(
  plan: LoadPlan,
  index: number,
  numbering: Numbering,
  random: Random,
): Client {
  const isGrpc = (index + plan.process) % 2 === 0
  const port = isGrpc ? plan.grpcPort : plan.httpPort
  const exporter = createSdkExporter(isGrpc ? 'grpc' : 'http', port)
  const name = `${plan.process}.${index} SDK ${isGrpc ? 'gRPC' : 'HTTP protobuf'}`
  return {
    name,
    async send() {
      const items = 1 + random.below(100)
      const numbers = numbering.next(items)
      const request = { ...numbers, signal: 'traces', items, isLockHolds: false } as const
      const result = await exporter.export(request)
      // Without a connection it gives up at once; a batch processor would then wait for its next
      // round.
      if (result.status !== 'acknowledged') await sleep(afterFailureMs)
      return { client: name, request, result }
    },
    close: () => exporter.close(),
  }
}

async function run(plan: LoadPlan): Promise<void> {
  const stop = new AbortController()
  process.on('message', () => stop.abort())
  // A parent that is gone needs no load.
  const abandon = (): void => process.exit(1)
  process.once('disconnect', abandon)
  const numbering = createNumbering(plan.process)
  const runClient = async (_: unknown, index: number): Promise<void> => {
    const client = createClient(plan, index, numbering)
    const pauses = createRandom(plan.seed * 1000 + plan.process * 100 + index + 50)
    while (!stop.signal.aborted) {
      const report = await client.send()
      process.send?.(report)
      await sleep(pauses.below(plan.pauseMsMax + 1))
    }
    client.close()
  }
  await Promise.all(Array.from({ length: plan.clients }, runClient))
  process.off('disconnect', abandon)
  process.disconnect()
}

const [plan] = process.argv.slice(2)
if (plan !== undefined && process.send !== undefined) await run(JSON.parse(plan) as LoadPlan)
