// The way of decoded rows into the journal.
//
//   decode ──▶ open blocks ──▶ frame ──▶ write + sync ──▶ answers
//              (+ waiting      (all tables,              └──▶ table writers
//               requests)       one at a time)
//
// One frame holds whole requests: what is answered is safe as a whole, also when its rows go to
// several tables.
import type { Time } from '@wayward/base'
import type { ConsumeOutcome } from '../consumer.ts'
import type { OpenBlock, SignalDecoder } from '../decode/decoder.ts'
import { type DrainRate, hintMsMax } from './drain-rate.ts'
import type { AppendOutcome, Journal, NewBlock } from '../journal/journal.ts'
import type { CollectorLimits } from '../limits.ts'
import type { RequestDigest } from './repeats.ts'
import type { TableWriter } from './table-writer.ts'
import type { Telemetry } from '../telemetry/telemetry.ts'

/** What became of a request's rows. */
export type CommitOutcome =
  | { readonly status: 'committed' }
  | Extract<ConsumeOutcome, { readonly retryAfterMs: number }>

export interface Committer {
  /**
   * Says what becomes of the rows that a request has just added to the decoder's open blocks. Never
   * rejects.
   *
   * @param digest by which the request is known when it comes again. @default it is not
   */
  commit(decoder: SignalDecoder, digest?: RequestDigest): Promise<CommitOutcome>
  /**
   * The same for blocks to which nobody else appends: those of one request, or of our own, which no
   * request brought. They wait less for company: a script that reports its run stands still until
   * it has the answer.
   */
  commitBlocks(blocks: readonly OpenBlock[], digest?: RequestDigest): Promise<CommitOutcome>
  /**
   * Throws the decoder's open blocks away, whose rows cannot be trusted, and tells those who wait
   * for them.
   */
  giveUp(decoder: SignalDecoder, message: string): void
  /** Commits what is open and resolves when everybody is answered. */
  drain(): Promise<void>
  readonly waitingRequests: number
  /** Bytes of the open blocks and of the frame that is being written. */
  readonly bytes: number
}

export interface CommitterParts {
  readonly journal: Pick<Journal, 'append'>
  /** The writer of a table. */
  readonly writerOf: (table: string) => TableWriter
  readonly decoders: readonly SignalDecoder[]
  readonly drainRate: DrainRate
  readonly telemetry: Pick<
    Telemetry,
    'journalledFrames' | 'journalledRows' | 'journalledBytes' | 'refusedFrames'
  >
  readonly limits: CollectorLimits
  readonly time: Time
  /** Called with what is safe now, after the requests were answered. @default nobody looks */
  readonly onCommitted?: (blocks: readonly NewBlock[]) => void
}

interface Waiter {
  /** Undefined where the blocks are not a decoder's. */
  readonly decoder: SignalDecoder | undefined
  readonly digest: RequestDigest | undefined
  readonly answer: (outcome: CommitOutcome) => void
}

/**
 * Commits that need not wait for company, at most at once and per second: nobody who sends now and
 * then waits.
 */
const spareCommitsMax = 20
const spareCommitsPerMs = 5 / 1_000
const ownWaitMsMax = 15
const retryAfterBugMs = 1_000

export function createCommitter(parts: CommitterParts): Committer {
  return new JournalCommitter(parts)
}

class JournalCommitter implements Committer {
  readonly #parts: CommitterParts
  readonly #openBlocks: readonly OpenBlock[]
  #waiters: Waiter[] = []
  #ownBlocks: OpenBlock[] = []
  #cancelTimer: (() => void) | undefined
  #isCommitting = false
  #isDraining = false
  #committingBytes = 0
  #committingRequests = 0
  #lastStartMs = Number.NEGATIVE_INFINITY
  #spareCommits = spareCommitsMax
  #whenIdle: (() => void)[] = []

  constructor(parts: CommitterParts) {
    this.#parts = parts
    this.#openBlocks = parts.decoders.flatMap((decoder) => decoder.blocks)
  }

  get waitingRequests(): number {
    return this.#waiters.length + this.#committingRequests
  }

  get bytes(): number {
    return this.#openBytes() + this.#committingBytes
  }

  commit(decoder: SignalDecoder, digest?: RequestDigest): Promise<CommitOutcome> {
    return this.#wait(decoder, digest)
  }

  commitBlocks(blocks: readonly OpenBlock[], digest?: RequestDigest): Promise<CommitOutcome> {
    this.#ownBlocks.push(...blocks)
    // A timer that runs may give others more time.
    this.#cancelTimer?.()
    this.#cancelTimer = undefined
    return this.#wait(undefined, digest)
  }

  giveUp(decoder: SignalDecoder, message: string): void {
    for (const block of decoder.blocks) block.take()
    const given = this.#waiters.filter((waiter) => waiter.decoder === decoder)
    this.#waiters = this.#waiters.filter((waiter) => waiter.decoder !== decoder)
    const retryAfterMs = retryAfterBugMs
    for (const { answer } of given) answer({ status: 'unavailable', retryAfterMs, message })
  }

  async drain(): Promise<void> {
    this.#isDraining = true
    this.#proceed()
    if (!this.#isCommitting && this.#waiters.length === 0) return
    await new Promise<void>((resolve) => this.#whenIdle.push(resolve))
  }

  #wait(
    decoder: SignalDecoder | undefined,
    digest: RequestDigest | undefined,
  ): Promise<CommitOutcome> {
    return new Promise((answer) => {
      this.#waiters.push({ decoder, digest, answer })
      this.#proceed()
    })
  }

  #openBytes(): number {
    let bytes = 0
    // A block without rows has some bytes nevertheless, of its columns' heads.
    for (const block of this.#openBlocks) if (block.rows > 0) bytes += block.bytes
    for (const block of this.#ownBlocks) bytes += block.bytes
    return bytes
  }

  /** Starts a commit, or sees to it that this is called again. */
  #proceed(): void {
    if (this.#isCommitting || this.#waiters.length === 0) return
    if (this.#isDraining || this.#isEnough()) {
      this.#start()
      return
    }
    if (this.#cancelTimer !== undefined) return
    const waitMs = this.#companyWaitMs()
    if (waitMs > 0) {
      const timer = this.#parts.time.after(waitMs, () => this.#start())
      this.#cancelTimer = () => timer.cancel()
      return
    }
    // Requests that arrive within one turn of the event loop share a frame.
    const immediate = setImmediate(() => this.#start())
    this.#cancelTimer = () => clearImmediate(immediate)
  }

  #isEnough(): boolean {
    const { batchDaysMax, commitBytesEnough } = this.#parts.limits
    if (this.#openBytes() >= commitBytesEnough) return true
    return this.#openBlocks.some((block) => block.days >= batchDaysMax)
  }

  /**
   * How long to wait for more requests: under steady load fewer, larger frames cost less of
   * everything.
   */
  #companyWaitMs(): number {
    const sinceMs = this.#parts.time.monotonicMs() - this.#lastStartMs
    const spare = this.#spareCommits + sinceMs * spareCommitsPerMs
    if (spare >= 1) return 0
    const { commitWaitMsMax } = this.#parts.limits
    const isOwn = this.#waiters.some(({ decoder }) => decoder === undefined)
    return (isOwn ? Math.min(commitWaitMsMax, ownWaitMsMax) : commitWaitMsMax) - sinceMs
  }

  #countCommit(nowMs: number): void {
    const spare = this.#spareCommits + (nowMs - this.#lastStartMs) * spareCommitsPerMs
    this.#spareCommits = Math.max(0, Math.min(spare, spareCommitsMax) - 1)
    this.#lastStartMs = nowMs
  }

  #start(): void {
    this.#cancelTimer?.()
    this.#cancelTimer = undefined
    // It never rejects: the journal and the writers do not.
    if (!this.#isCommitting && this.#waiters.length > 0) void this.#commitOnce()
  }

  async #commitOnce(): Promise<void> {
    this.#countCommit(this.#parts.time.monotonicMs())
    const waiters = this.#waiters
    this.#waiters = []
    this.#isCommitting = true
    const blocks = this.#takeBlocks()
    this.#committingBytes = blocks.reduce((sum, block) => sum + block.bytes.byteLength, 0)
    this.#committingRequests = waiters.length
    const digests = waiters.flatMap(({ digest }) => (digest === undefined ? [] : [digest]))
    const outcome = await this.#parts.journal.append({ blocks, digests })
    this.#isCommitting = false
    this.#settleBlocks(blocks, outcome)
    this.#count(blocks, outcome)
    const answer = this.#toOutcome(outcome)
    this.#committingBytes = 0
    this.#committingRequests = 0
    for (const waiter of waiters) waiter.answer(answer)
    if (outcome.status === 'written') this.#parts.onCommitted?.(blocks)
    this.#proceed()
    if (this.#isCommitting || this.#waiters.length > 0) return
    for (const resolve of this.#whenIdle.splice(0)) resolve()
  }

  #takeBlocks(): NewBlock[] {
    const taken: NewBlock[] = []
    for (const block of [...this.#openBlocks, ...this.#ownBlocks]) {
      const { table, rows, days } = block
      if (rows === 0) continue
      const bytes = joinChunks(block.take())
      const { starts } = block
      const token = this.#parts.writerOf(table).reserve(rows, bytes.byteLength, days)
      taken.push({ table, token, rows, bytes, ...(starts === undefined ? {} : { starts }) })
    }
    this.#ownBlocks = []
    return taken
  }

  /**
   * Before anybody is answered: a writer may only close a batch while no frame with its token is
   * under way.
   */
  #settleBlocks(blocks: readonly NewBlock[], outcome: AppendOutcome): void {
    for (const [index, block] of blocks.entries()) {
      const stored = outcome.status === 'written' ? outcome.blocks[index] : undefined
      this.#parts.writerOf(block.table).settle(block.token, stored)
    }
  }

  #count(blocks: readonly NewBlock[], outcome: AppendOutcome): void {
    const { journalledFrames, journalledRows, journalledBytes, refusedFrames } =
      this.#parts.telemetry
    if (outcome.status === 'refused') {
      refusedFrames.add(1, outcome.reason)
      return
    }
    journalledFrames.add(1)
    for (const { table, rows, bytes } of blocks) {
      journalledRows.add(rows, table)
      journalledBytes.add(bytes.byteLength, table)
    }
  }

  #toOutcome(outcome: AppendOutcome): CommitOutcome {
    if (outcome.status === 'written') return { status: 'committed' }
    const { message, reason } = outcome
    return reason === 'journal_full'
      ? {
          status: 'overloaded',
          retryAfterMs: this.#parts.drainRate.retryAfterMs(this.#committingBytes),
          message,
        }
      : { status: 'unavailable', retryAfterMs: hintMsMax, message }
  }
}

function joinChunks(chunks: readonly Uint8Array[]): Uint8Array {
  const [first] = chunks
  return chunks.length === 1 && first !== undefined ? first : Buffer.concat(chunks)
}
