// The consumer of all receivers:
//
//   consume() ── refuse? ── repeated? ── decode ──▶ committer ──▶ journal ──▶ answer
//                                                                   └──▶ table writers ──▶ ClickHouse
import type { Logger, Time } from '@wayward/base'
import type { Store } from '@wayward/clickhouse'
import { type Batch, restoreBatches } from './batch.ts'
import {
  type CommitOutcome,
  type Committer,
  type CommitterParts,
  createCommitter,
} from './committer.ts'
import type { ConsumeOutcome, Consumer, ExportRequest, Signal } from '../consumer.ts'
import type { Decoded, DecodeResult, OpenBlock, SignalDecoder } from '../decode/decoder.ts'
import type { LargeDecoder } from '../decode/large-decoder.ts'
import { createDrainRate, type DrainRate } from './drain-rate.ts'
import type { AgedDigests } from '../journal/frame-time.ts'
import type { Journal } from '../journal/journal.ts'
import type { CollectorLimits } from '../limits.ts'
import { observePipeline } from '../telemetry/pipeline-metrics.ts'
import { createRepeats, digestOf, type Repeats, type RequestDigest, toKey } from './repeats.ts'
import { createSlabPool } from './slab-pool.ts'
import { createTableWriter, type TableWriter } from './table-writer.ts'
import { countRepeat, type TableRows, type Telemetry } from '../telemetry/telemetry.ts'

/**
 * Decodes requests, makes them safe in the journal, answers, and brings their rows to ClickHouse.
 */
export interface Pipeline extends Consumer {
  /** Begins to insert, with what the journal still holds: ClickHouse has its tables. */
  open(): void
  /**
   * Resolves when ClickHouse has everything that was answered before; never, where it does not take
   * it.
   */
  whenInserted(): Promise<void>
  /**
   * Refuses new requests, answers those it has, and inserts for at most `deadlineMs`; the rest
   * stays in the journal. Resolves with the number of rows that ClickHouse does not have yet.
   */
  shutdown(deadlineMs: number): Promise<number>
  /**
   * Makes a block of our own safe, for one of `ownTables`. False where there is no room for it now;
   * the block is then gone. Works after `shutdown`, too, until the journal is closed.
   */
  commitOwn(block: OpenBlock): Promise<boolean>
  /**
   * Takes several requests of our own, and blocks for `ownTables`, as one: all is safe, or nothing.
   * They are not recognised when they come again. Never rejects.
   */
  consumeTogether(
    requests: readonly ExportRequest[],
    ownBlocks: readonly OpenBlock[],
  ): Promise<ConsumeOutcome>
  /** Of the requests that are recognised when they come again. */
  recentDigests(): readonly AgedDigests[]
  /** What the journal has and ClickHouse has not, of tables of which there is something. */
  backlogs(): readonly TableRows[]
}

export interface PipelineParts {
  readonly decoders: Readonly<Record<Signal, SignalDecoder>>
  /** For requests above `decodeAtOnceBytesMax`. */
  readonly largeDecoder: LargeDecoder
  readonly journal: Journal
  readonly store: Pick<Store, 'insertNative'>
  readonly telemetry: Telemetry
  readonly logger: Logger
  readonly limits: CollectorLimits
  readonly time: Time
  /** Called with what was committed. @default nobody looks */
  readonly onCommitted?: CommitterParts['onCommitted']
  /** Tables that are filled by ourselves, besides those of the decoders. @default none */
  readonly ownTables?: readonly string[]
}

/** What is written about the data must not take the room of the data. */
const ownBacklogBytesMax = 8 * 1024 * 1024
const retryHintMs = 1_000
/** How much of the journal a signal may fill whose tables refuse rows while others go on. */
const refusedTableShare = 0.5

export function createPipeline(parts: PipelineParts): Pipeline {
  return new JournalPipeline(parts)
}

class JournalPipeline implements Pipeline {
  readonly #parts: PipelineParts
  readonly #writers: ReadonlyMap<string, TableWriter>
  readonly #committer: Committer
  readonly #drainRate: DrainRate
  readonly #repeats: Repeats
  /** Requests that are not answered yet, by the key of their digest. */
  readonly #pending = new Map<string, Promise<Consumed>>()
  #isShutDown = false

  constructor(parts: PipelineParts) {
    const { journal, limits, time } = parts
    this.#parts = parts
    this.#drainRate = createDrainRate(time)
    this.#writers = this.#createWriters(restoreBatches(journal.unconfirmed, time.monotonicMs()))
    this.#committer = createCommitter({
      journal,
      writerOf: (table) => this.#writerOf(table),
      decoders: Object.values(parts.decoders),
      drainRate: this.#drainRate,
      telemetry: parts.telemetry,
      limits,
      time,
      ...(parts.onCommitted === undefined ? {} : { onCommitted: parts.onCommitted }),
    })
    const { repeatWindowMs: rememberMs, repeatsMax: requestsMax } = limits
    this.#repeats = createRepeats({ requestsMax, rememberMs }, journal.recentDigests, time)
    observePipeline(parts.telemetry.observe, {
      journal,
      writers: [...this.#writers.values()],
      committer: this.#committer,
      drainRate: this.#drainRate,
      repeats: this.#repeats,
    })
  }

  open(): void {
    for (const writer of this.#writers.values()) writer.open()
  }

  consume(request: ExportRequest): Promise<ConsumeOutcome> {
    const refused = this.#refusal(request)
    if (refused !== undefined) return Promise.resolve(refused)
    const digest = digestOf(request)
    const earlier = this.#earlier(digest)
    if (earlier !== undefined) return this.#repeat(request, digest, earlier)
    return this.#consumeNew(request, digest)
  }

  #consumeNew(request: ExportRequest, digest: RequestDigest): Promise<ConsumeOutcome> {
    if (request.body.byteLength > this.#parts.limits.decodeAtOnceBytesMax) {
      return this.#track(digest, this.#consumeLarge(request, digest))
    }
    const decoder = this.#parts.decoders[request.signal]
    const result = this.#decode(decoder, request)
    if (result.status === 'malformed') return Promise.resolve(result)
    const accepted = toAccepted(result)
    if (result.acceptedItems === 0) return Promise.resolve(accepted)
    if (result.usesArrivalTime === true) {
      return whenCommitted(this.#committer.commit(decoder), accepted)
    }
    const committed = this.#committer.commit(decoder, digest)
    return this.#track(digest, asRepeatable(whenCommitted(committed, accepted)))
  }

  async whenInserted(): Promise<void> {
    await Promise.all([...this.#writers.values()].map((writer) => writer.whenInserted()))
  }

  async shutdown(deadlineMs: number): Promise<number> {
    this.#isShutDown = true
    const deadline = new AbortController()
    const timer = this.#parts.time.after(deadlineMs, () => deadline.abort())
    await this.#parts.largeDecoder.shutdown()
    await this.#committer.drain()
    const writers = [...this.#writers.values()]
    await Promise.all(writers.map((writer) => writer.drain(deadline.signal)))
    timer.cancel()
    return writers.reduce((rows, { backlog }) => rows + backlog.rows, 0)
  }

  async commitOwn(block: OpenBlock): Promise<boolean> {
    const { bytes } = this.#writerOf(block.table).backlog
    if (bytes > ownBacklogBytesMax || !this.#parts.journal.hasRoom(block.bytes)) return false
    const { status } = await this.#committer.commitBlocks([block])
    return status === 'committed'
  }

  consumeTogether(
    requests: readonly ExportRequest[],
    ownBlocks: readonly OpenBlock[],
  ): Promise<ConsumeOutcome> {
    for (const request of requests) {
      const refused = this.#refusal(request)
      if (refused !== undefined) return Promise.resolve(refused)
    }
    let acceptedItems = 0
    for (const request of requests) {
      const result = this.#decode(this.#parts.decoders[request.signal], request)
      // The bytes are ours: what cannot be stored of them is our fault, and stops all of it.
      if (result.status === 'malformed') return Promise.resolve(result)
      if (result.rejectedItems > 0) {
        this.#parts.logger.error('Something of our own was not stored', { why: result.message })
      }
      acceptedItems += result.acceptedItems
    }
    // The frame takes all open blocks, and so whatever was decoded in this turn.
    const accepted = { status: 'accepted', acceptedItems, rejectedItems: 0, message: '' } as const
    return whenCommitted(this.#committer.commitBlocks(ownBlocks), accepted)
  }

  recentDigests(): readonly AgedDigests[] {
    return this.#repeats.digests()
  }

  backlogs(): readonly TableRows[] {
    return [...this.#writers.values()].flatMap(({ table, backlog: { rows, bytes } }) =>
      rows === 0 ? [] : [{ table, rows, bytes }],
    )
  }

  /** What became, or will become, of the same request when it came before. */
  #earlier(digest: RequestDigest): Consumed | Promise<Consumed> | undefined {
    if (this.#parts.limits.repeatWindowMs === 0) return undefined
    const pending = this.#pending.get(toKey(digest))
    return pending ?? (this.#repeats.has(digest) ? storedBefore : undefined)
  }

  /** Remembers the request: while it is under way, and for some time after it was stored. */
  async #track(digest: RequestDigest, pending: Promise<Consumed>): Promise<ConsumeOutcome> {
    const key = toKey(digest)
    this.#pending.set(key, pending)
    const { outcome, isRepeatable } = await pending
    // Another with the same bytes may be under way by now.
    if (this.#pending.get(key) === pending) this.#pending.delete(key)
    if (isRepeatable && outcome.status === 'accepted' && outcome.acceptedItems > 0) {
      this.#repeats.remember(digest)
    }
    return outcome
  }

  /** A request that would keep all others from the event loop while it is decoded. */
  async #consumeLarge(
    { body, encoding, signal }: ExportRequest,
    digest: RequestDigest,
  ): Promise<Consumed> {
    const { largeDecoder } = this.#parts
    if (!largeDecoder.hasRoom(body.byteLength)) {
      const message = 'The collector is decoding as many large requests as it may hold'
      return repeatable({ status: 'overloaded', retryAfterMs: retryHintMs, message })
    }
    const { blocks, result } = await largeDecoder.decode(signal, encoding, body)
    if (result.status === 'malformed') return repeatable(result)
    if (result.status === 'unavailable') {
      const { message } = result
      return repeatable({ status: 'unavailable', retryAfterMs: retryHintMs, message })
    }
    const accepted = toAccepted(result)
    if (result.acceptedItems === 0) return repeatable(accepted)
    const isRepeatable = result.usesArrivalTime !== true
    const committed = this.#committer.commitBlocks(blocks, isRepeatable ? digest : undefined)
    return { outcome: await whenCommitted(committed, accepted), isRepeatable }
  }

  /** Answers a request that is stored, or about to be, and came again. */
  async #repeat(
    request: ExportRequest,
    digest: RequestDigest,
    earlier: Consumed | Promise<Consumed>,
  ): Promise<ConsumeOutcome> {
    const { sender, signal } = request
    const { byteLength } = request.body
    const { outcome, isRepeatable } = await earlier
    if (!isRepeatable) return this.#consumeNew(request, digest)
    if (outcome.status !== 'accepted') return outcome
    countRepeat(this.#parts.telemetry, sender, signal, byteLength)
    // This answer may be lost, too.
    this.#repeats.remember(digest)
    return { ...outcome, acceptedItems: 0, message: outcome.message || repeatMessage }
  }

  /** Why a request must wait, or undefined where there is room. */
  #refusal({ body, signal }: ExportRequest): ConsumeOutcome | undefined {
    if (this.#isShutDown) {
      const message = 'The collector shuts down'
      return { status: 'unavailable', retryAfterMs: retryHintMs, message }
    }
    const { journal, limits } = this.#parts
    const { bytes, waitingRequests } = this.#committer
    // A request of the largest size must pass while little is open, or it never would.
    const hasMemory =
      bytes < limits.openBytesMax / 4 || bytes + body.byteLength <= limits.openBytesMax
    if (!hasMemory || waitingRequests >= limits.waitingRequestsMax) {
      const message = 'The collector receives faster than its journal is written'
      return { status: 'overloaded', retryAfterMs: retryHintMs, message }
    }
    const wantedBytes = bytes + body.byteLength
    if (journal.hasRoom(wantedBytes) && !this.#isRefusedTableFull(signal)) return undefined
    return {
      status: 'overloaded',
      retryAfterMs: this.#drainRate.retryAfterMs(wantedBytes + journal.bytesMax / 100),
      message: `The journal is full (${journal.usedBytes} of ${journal.bytesMax} bytes): ClickHouse takes rows too slowly or not at all`,
    }
  }

  /** A table that refuses rows until somebody cures it must not fill the journal for all others. */
  #isRefusedTableFull(signal: Signal): boolean {
    return this.#parts.decoders[signal].blocks.some(({ table }) => {
      const writer = this.#writerOf(table)
      if (writer.state !== 'refused') return false
      return writer.backlog.bytes > this.#parts.journal.bytesMax * refusedTableShare
    })
  }

  /**
   * A decoder never throws; if it does after all, its open blocks cannot be trusted and are given
   * up.
   */
  #decode(decoder: SignalDecoder, { body, encoding, signal }: ExportRequest): DecodeResult {
    try {
      return decoder.decode(encoding, body)
    } catch (error) {
      this.#parts.logger.error('The decoder failed on a request; it was refused', {
        signal,
        cause: error instanceof Error ? (error.stack ?? error.message) : String(error),
      })
      this.#committer.giveUp(decoder, 'The rows were given up because of another request')
      return { status: 'malformed', message: 'The decoder failed on this request' }
    }
  }

  #writerOf(table: string): TableWriter {
    const writer = this.#writers.get(table)
    if (writer === undefined) throw new Error(`There is no writer for the table ${table}`)
    return writer
  }

  /** For the tables of the decoders, our own, and those that only the journal still knows. */
  #createWriters(batches: ReadonlyMap<string, readonly Batch[]>): ReadonlyMap<string, TableWriter> {
    const { journal, limits, logger, store, telemetry, time } = this.#parts
    const drainRate = this.#drainRate
    const slabs = createSlabPool(limits.batchBytesMax, time)
    const tables = new Set([
      ...Object.values(this.#parts.decoders).flatMap(({ blocks }) =>
        blocks.map(({ table }) => table),
      ),
      ...(this.#parts.ownTables ?? []),
      ...batches.keys(),
    ])
    return new Map(
      [...tables].map((table) => {
        const writerParts = { store, journal, drainRate, slabs, telemetry, logger, limits, time }
        return [table, createTableWriter(table, batches.get(table) ?? [], writerParts)]
      }),
    )
  }
}

function toAccepted(decoded: Decoded): ConsumeOutcome {
  const { acceptedItems, rejectedItems, message, ignored, completedItems } = decoded
  const accepted = { status: 'accepted', acceptedItems, rejectedItems, message } as const
  return {
    ...accepted,
    ...(ignored === undefined ? {} : { ignored }),
    ...(completedItems === undefined ? {} : { completedItems }),
  }
}

/** What became of a request, and whether the same bytes are the same request. */
interface Consumed {
  readonly outcome: ConsumeOutcome
  /**
   * Not where an item has no time of its own and took that of its arrival: three equal lines of a
   * log, some seconds apart, are three lines.
   */
  readonly isRepeatable: boolean
}

function repeatable(outcome: ConsumeOutcome): Consumed {
  return { outcome, isRepeatable: true }
}

async function asRepeatable(pending: Promise<ConsumeOutcome>): Promise<Consumed> {
  return repeatable(await pending)
}

async function whenCommitted(
  committed: Promise<CommitOutcome>,
  accepted: ConsumeOutcome,
): Promise<ConsumeOutcome> {
  const outcome = await committed
  return outcome.status === 'committed' ? accepted : outcome
}

/** A warning in OTLP's terms: somebody may have sent the same bytes twice on purpose. */
const repeatMessage =
  'The same request was received a short time ago; it is taken for a repetition and stored once'

const storedBefore: Consumed = repeatable({
  status: 'accepted',
  acceptedItems: 0,
  rejectedItems: 0,
  message: '',
})
