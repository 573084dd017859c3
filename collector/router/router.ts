// Sends what rules select to endpoints, besides the store or in its place. It stands before decode,
// because decode leaves only columns, and hands on to endpoints only what the store has taken:
//
//   receiver ─▶ consume() ─▶ rules ─┬─▶ pipeline ─▶ answer
//                                   └─ once that is accepted ─▶ [ queue ] ─▶ endpoint
//                                                               [ queue ] ─▶ endpoint
//
// Without rules there is no router, and nothing is parsed for it.
import type { Logger, Time } from '@wayward/base'
import type { ConsumeOutcome, ExportRequest } from '../consumer.ts'
import type { TogetherConsumer } from '../jobs/clickhouse-store.ts'
import type { Telemetry } from '../telemetry/telemetry.ts'
import { makeEndpoint, type MadeEndpoint } from './endpoint-list.ts'
import { createEndpointQueue, type DropReason, type EndpointQueue } from './endpoint-queue.ts'
import { toItems, toRequestBody } from './item-request.ts'
import type { RoutedItem } from './routed-item.ts'
import { type RouterStats, toStats } from './router-stats.ts'
import { checkRouterForm, RouterError, type RouterSettings } from './router-settings.ts'
import { createRuleBook, type Decision, type RuleBook, storeName } from './rule.ts'

/** Consumes as the store does, and routes. */
export interface Router extends TogetherConsumer {
  /**
   * Goes over to other settings. Endpoints whose settings are the same go on; others send what they
   * have.
   *
   * @throws RouterError where they are wrong; then all stays as it was
   */
  reload(settings: RouterSettings): void
  /** Opens files anew, after a rotation by others. */
  reopen(): void
  stats(): RouterStats
  /** Sends what waits, at most so long. Never rejects. */
  shutdown(deadlineMs: number): Promise<void>
}

/** What a router works with. */
export interface RouterParts {
  readonly consumer: TogetherConsumer
  readonly telemetry: Pick<Telemetry, 'ledger' | 'observe'>
  readonly logger: Logger
  readonly time: Time
  /** Of queues on the disk. */
  readonly folder: string
}

/** How long an endpoint that is not wanted any more may send what it has. */
const retireMs = 10_000

/** Checks settings, as `createRouter` does. @throws RouterError with the place in the file */
export function checkRouter(value: unknown): RouterSettings {
  const settings = checkRouterForm(value)
  understand(settings, '')
  return settings
}

/** Makes a router. @throws RouterError with the place in the file */
export function createRouter(settings: RouterSettings, parts: RouterParts): Router {
  return new RuleRouter(settings, parts)
}

const shutDown: ConsumeOutcome = {
  status: 'unavailable',
  retryAfterMs: 1_000,
  message: 'The collector shuts down',
}

interface NamedQueue {
  readonly queue: EndpointQueue
  readonly type: string
  readonly takesWhole: boolean
  /** Its settings as text: the same text is the same endpoint. */
  readonly key: string
}

class RuleRouter implements Router {
  readonly #parts: RouterParts
  #book: RuleBook
  #queues: ReadonlyMap<string, NamedQueue>
  readonly #retiring = new Set<Promise<void>>()
  #unread = 0
  #underWay = 0
  #whenIdle: (() => void) | undefined
  #isShutDown = false
  readonly #accepted = { status: 'accepted', rejectedItems: 0, message: '' } as const

  constructor(settings: RouterSettings, parts: RouterParts) {
    this.#parts = parts
    const { book, made } = understand(settings, parts.folder)
    this.#book = book
    this.#queues = this.#toQueues(settings, made, new Map())
  }

  async consume(request: ExportRequest): Promise<ConsumeOutcome> {
    if (this.#isShutDown) return shutDown
    this.#underWay++
    try {
      return await this.#route(request)
    } catch (error) {
      // A mistake of ours: nothing is lost by it, the store gets all of it.
      const cause = error instanceof Error ? (error.stack ?? error.message) : String(error)
      this.#parts.logger.error('Rules failed on a request; all of it was stored', { cause })
      return await this.#parts.consumer.consume(request)
    } finally {
      this.#underWay--
      if (this.#underWay === 0) this.#whenIdle?.()
    }
  }

  async #route(request: ExportRequest): Promise<ConsumeOutcome> {
    const { consumer } = this.#parts
    const items = this.#read(request)
    if (items.length === 0) return await consumer.consume(request)
    const ways = this.#decide(items)
    this.#keepWhole(request, items, ways)
    const stored = storedOf(ways, items)
    if (stored.length === 0) {
      this.#enqueue(ways)
      return { ...this.#accepted, acceptedItems: items.length }
    }
    const isSame = stored.length === items.length && items.every(({ tags }) => tags.length === 0)
    const body = isSame ? request.body : toRequestBody(request.signal, stored)
    const encoding = isSame ? request.encoding : 'protobuf'
    const outcome = await consumer.consume({ ...request, encoding, body })
    if (outcome.status !== 'accepted') return outcome
    // What came before was sent before.
    const isRepeated = outcome.acceptedItems === 0 && outcome.rejectedItems === 0
    if (!isRepeated) this.#enqueue(ways)
    const others = items.length - stored.length
    return { ...outcome, acceptedItems: outcome.acceptedItems + others }
  }

  async consumeTogether(
    ...[requests, blocks]: Parameters<TogetherConsumer['consumeTogether']>
  ): Promise<ConsumeOutcome> {
    const all = requests.map((request) => this.#decide(this.#read(request)))
    const outcome = await this.#parts.consumer.consumeTogether(requests, blocks)
    // What states rest on is stored, whatever rules say.
    if (outcome.status === 'accepted') for (const ways of all) this.#enqueue(ways)
    return outcome
  }

  whenInserted(): Promise<void> {
    return this.#parts.consumer.whenInserted()
  }

  reload(settings: RouterSettings): void {
    const { book, made } = understand(settings, this.#parts.folder)
    const before = this.#queues
    const keys = new Map(
      Object.entries(settings.endpoints ?? {}).map(([name, one]) => [name, keyOf(one)]),
    )
    const isKept = (name: string, { key }: NamedQueue): boolean => keys.get(name) === key
    const kept = new Map([...before].filter(([name, one]) => isKept(name, one)))
    const gone = [...before].filter(([name, one]) => !isKept(name, one))
    const retired = new Map(gone.map(([name, one]) => [name, this.#retire(one)]))
    this.#queues = this.#toQueues(settings, made, kept, retired)
    this.#book = book
  }

  reopen(): void {
    for (const { queue } of this.#queues.values()) queue.reopen()
  }

  stats(): RouterStats {
    const endpoints = [...this.#queues].map(([name, { queue, type }]) => ({
      name,
      type,
      ...queue.counts(),
    }))
    return toStats(this.#book.counts(), endpoints, this.#unread)
  }

  async shutdown(deadlineMs: number): Promise<void> {
    this.#isShutDown = true
    // The store answers what it has begun.
    if (this.#underWay > 0) {
      await new Promise<void>((resolve) => {
        this.#whenIdle = resolve
      })
    }
    const queues = [...this.#queues.values()].map(({ queue }) => queue.shutdown(deadlineMs))
    await Promise.all([...queues, ...this.#retiring])
  }

  /** Nothing is routed of what is no request; the store says what is wrong with it. */
  #read(request: ExportRequest): readonly RoutedItem[] {
    try {
      return toItems(request)
    } catch {
      this.#unread++
      return []
    }
  }

  #decide(items: readonly RoutedItem[]): ReadonlyMap<Decision, RoutedItem[]> {
    const ways = new Map<Decision, RoutedItem[]>()
    let last: Decision | undefined
    let list: RoutedItem[] = []
    for (const item of items) {
      const decision = this.#book.decide(item)
      if (decision !== last) {
        last = decision
        list = ways.get(decision) ?? []
        ways.set(decision, list)
      }
      list.push(item)
    }
    return ways
  }

  /** A copy: the store takes over the bytes. */
  #keepWhole(
    { body, encoding }: ExportRequest,
    [first, ...rest]: readonly RoutedItem[],
    ways: ReadonlyMap<Decision, unknown>,
  ): void {
    const [decision, another] = ways.keys()
    if (first === undefined || decision === undefined || another !== undefined) return
    const isTagged = first.tags.length > 0 || rest.some(({ tags }) => tags.length > 0)
    if (encoding !== 'protobuf' || isTagged) return
    const isWanted = [...decision].some((name) => this.#queues.get(name)?.takesWhole === true)
    if (isWanted) first.origins.request.whole = new Uint8Array(body)
  }

  #enqueue(ways: ReadonlyMap<Decision, readonly RoutedItem[]>): void {
    for (const [decision, items] of ways) {
      for (const name of decision) this.#queues.get(name)?.queue.enqueue(items)
    }
  }

  #toQueues(
    settings: RouterSettings,
    made: ReadonlyMap<string, MadeEndpoint>,
    kept: ReadonlyMap<string, NamedQueue>,
    retired: ReadonlyMap<string, Promise<void>> = new Map(),
  ): ReadonlyMap<string, NamedQueue> {
    const queues = new Map<string, NamedQueue>()
    for (const [name, one] of Object.entries(settings.endpoints ?? {})) {
      const before = kept.get(name)
      if (before !== undefined) {
        queues.set(name, before)
        continue
      }
      const { endpoint, queue: queueSettings, spool } = made.get(name) as MadeEndpoint
      const queue = createEndpointQueue({
        endpoint,
        settings: queueSettings,
        spool,
        // Two queues in one folder would take each other's files.
        whenFree: retired.get(name),
        time: this.#parts.time,
        onDropped: (items, reason, message) => this.#tell(name, items, reason, message),
      })
      const takesWhole = endpoint.takesWhole === true
      queues.set(name, { queue, type: one.type, takesWhole, key: keyOf(one) })
    }
    return queues
  }

  #retire({ queue }: NamedQueue): Promise<void> {
    const retiring = queue.shutdown(retireMs)
    this.#retiring.add(retiring)
    void retiring.finally(() => this.#retiring.delete(retiring))
    return retiring
  }

  #tell(name: string, items: number, reason: DropReason, message: string): void {
    const { ledger } = this.#parts.telemetry
    const text = `Not sent to the endpoint "${name}": ${message}`
    ledger.note({ event: 'dropped', reason: `endpoint_${reason}`, items, message: text })
  }
}

function storedOf(
  ways: ReadonlyMap<Decision, readonly RoutedItem[]>,
  items: readonly RoutedItem[],
): readonly RoutedItem[] {
  const lists = [...ways].filter(([decision]) => decision.has(storeName))
  return lists.length === ways.size ? items : lists.flatMap(([, list]) => list)
}

interface Understood {
  readonly book: RuleBook
  readonly made: ReadonlyMap<string, MadeEndpoint>
}

/** Makes everything that settings ask for; nothing is touched. @throws RouterError */
export function understand(settings: RouterSettings, folder: string): Understood {
  const made = new Map<string, MadeEndpoint>()
  for (const [name, one] of Object.entries(settings.endpoints ?? {})) {
    made.set(name, makeEndpoint(name, one, folder))
  }
  for (const [index, { to = [] }] of settings.rules.entries()) {
    for (const [at, name] of to.entries()) {
      if (name === storeName || made.has(name)) continue
      const known = [storeName, ...made.keys()].join(', ')
      const path = ['rules', index, 'to', at]
      throw new RouterError(`There is no endpoint "${name}"; wanted one of ${known}`, path)
    }
  }
  return { book: createRuleBook(settings.rules), made }
}

function keyOf(settings: object): string {
  return JSON.stringify(settings)
}
