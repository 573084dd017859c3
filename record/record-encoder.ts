// Records become OTLP: a span for what has ended, a log record for what is still open. The
// attributes are those of emit/span-attributes.ts, which a test holds beside these.
import { ProtobufWriter } from '@wayward/otlp'
import { WAYWARD_QUEUE_ITEM_RESULT_VALUE_FAILED } from '@wayward/semconv'
import { itemIdOf, type RecordView, sequenceOf } from './area-reader.ts'
import { parseSite } from './call-site.ts'
import { cell, chainSeparator, flag, number, recordKind } from './layout.ts'
import { AttributeWriter, writeTime } from './otlp-writing.ts'
import { keys } from './record-keys.ts'
import type { TextReader } from './texts.ts'

const kinds: Readonly<Record<number, { readonly kind: string; readonly verb: string }>> = {
  [recordKind.lockWait]: { kind: 'lock_wait', verb: 'wait ' },
  [recordKind.lockHold]: { kind: 'lock_hold', verb: 'hold ' },
  [recordKind.queueEnqueue]: { kind: 'queue_enqueue', verb: 'enqueue ' },
  [recordKind.queueWait]: { kind: 'queue_wait', verb: 'process ' },
  [recordKind.queueItem]: { kind: 'queue_item', verb: 'process ' },
  [recordKind.zone]: { kind: 'zone', verb: '' },
}

/** `Span` fields of opentelemetry/proto/trace/v1/trace.proto. */
const spanField = {
  traceId: 1,
  spanId: 2,
  parentSpanId: 4,
  name: 5,
  kind: 6,
  start: 7,
  end: 8,
  attributes: 9,
  links: 13,
  status: 15,
  flags: 16,
} as const
const linkField = { traceId: 1, spanId: 2, flags: 6 } as const
const spanKind = { internal: 1, producer: 4, consumer: 5 } as const
const statusField = { code: 3 } as const
const statusError = 2
/** The flags say whether the parent is in another process. */
const hasIsRemote = 0x100
const isRemote = 0x200

const nothing: readonly string[] = []

/** Attributes that many records have, as bytes. */
interface Constants {
  readonly kind: number
  readonly field: number
  /** Those of the thread that the numbers are of. */
  readonly texts: TextReader
  readonly type: number
  readonly mode: number
  readonly scope: number
  readonly bytes: Uint8Array
}

const constantsMax = 4096
const constantsOfNameMax = 64

export interface RecordEncoderSettings {
  /** `process.pid`, of which the ids of locks and queues begin. */
  readonly pid: number
}

/** Writes records as OTLP. */
export class RecordEncoder {
  readonly #writer = new ProtobufWriter('compact', 4096)
  readonly #attributes = new AttributeWriter(this.#writer)
  /** By the number of the lock's name; 0 for what is no lock. */
  readonly #constants = new Map<number, readonly Constants[]>()
  readonly #idPrefix: string
  readonly #id = new Uint8Array(16)

  constructor({ pid }: RecordEncoderSettings) {
    this.#idPrefix = `${pid}:`
  }

  /** The record as the content of a `Span`. */
  span(view: RecordView, kind: number): Uint8Array {
    const { cells, at, texts } = view
    const cellsAt = at * 2
    const writer = this.#writer
    const known = kinds[kind]
    writer.reset()
    this.#writeId(spanField.traceId, cells, cellsAt + cell.traceId, 4)
    this.#writeId(spanField.spanId, cells, cellsAt + cell.spanId, 2)
    this.#writeId(spanField.parentSpanId, cells, cellsAt + cell.parentSpanId, 2)
    writer.string(spanField.name, known?.verb + texts.textOf(cells[cellsAt + cell.name] as number))
    writer.integer(spanField.kind, kindOfSpan(kind))
    writeTime(
      writer,
      spanField.start,
      cells[cellsAt + cell.startSeconds] as number,
      cells[cellsAt + cell.startNs] as number,
    )
    writeTime(
      writer,
      spanField.end,
      cells[cellsAt + cell.endSeconds] as number,
      cells[cellsAt + cell.endNs] as number,
    )
    this.writeAttributes(spanField.attributes, view, kind, sequenceOf(view))
    const weight = cells[cellsAt + cell.weight] as number
    if (weight > 1) this.#attributes.number(keys.operationWeight, weight)
    if (this.#writeEnd(view, kind)) {
      const status = writer.begin(spanField.status)
      writer.integer(statusField.code, statusError)
      writer.end(status)
    }
    const flags = flagsOf(cells[cellsAt + cell.flags] as number)
    if (kind === recordKind.queueItem) this.#writeLink(view, flags)
    writer.fixed32(spanField.flags, flags)
    return writer.toBytes()
  }

  /** Begins anew; `writer` is for what else the message has. */
  begin(): ProtobufWriter {
    this.#writer.reset()
    return this.#writer
  }

  /** Attributes of what is no operation. */
  get attributes(): AttributeWriter {
    return this.#attributes
  }

  /** The ids of the span that an event belongs to, where it has one. */
  writeContext(view: RecordView, kind: number, traceField: number, spanIdField: number): void {
    const { cells, at } = view
    // What waits has no span before it ends: it belongs to the one that asked.
    const isWait = kind === recordKind.lockWait || kind === recordKind.queueWait
    const own = isWait ? cell.parentSpanId : cell.spanId
    this.#writeId(traceField, cells, at * 2 + cell.traceId, 4)
    this.#writeId(spanIdField, cells, at * 2 + own, 2)
  }

  /** The attributes that it has from its beginning on. */
  writeAttributes(field: number, view: RecordView, kind: number, sequence: number): void {
    const { cells, numbers, at, texts } = view
    const attributes = this.#attributes
    attributes.field = field
    this.#writeConstants(view, kind, field)
    attributes.number(keys.eventSequence, sequence)
    attributes.text(keys.taskId, String(numbers[at + number.task]))
    const taskName = cells[at * 2 + cell.taskName] as number
    if (taskName !== 0) attributes.text(keys.taskName, texts.textOf(taskName))
    if (kind === recordKind.lockWait || kind === recordKind.lockHold) this.#writeLock(view, kind)
    else if (kind !== recordKind.zone) this.#writeQueue(view, kind)
  }

  /**
   * The attributes that are the same for all records of a kind of the same lock, of which there are
   * few: they are written once, and copied.
   */
  #writeConstants({ cells, at, texts, threadId }: RecordView, kind: number, field: number): void {
    const cellsAt = at * 2
    const isLock = kind === recordKind.lockWait || kind === recordKind.lockHold
    const name = isLock ? (cells[cellsAt + cell.name] as number) : 0
    const type = isLock ? (cells[cellsAt + cell.type] as number) : 0
    const mode = isLock ? (cells[cellsAt + cell.mode] as number) : 0
    const scope = isLock ? (cells[cellsAt + cell.scope] as number) : 0
    const ofName = this.#constants.get(name) ?? []
    for (const known of ofName) {
      const isSame =
        known.kind === kind &&
        known.field === field &&
        known.texts === texts &&
        known.type === type &&
        known.mode === mode &&
        known.scope === scope
      if (isSame) return this.#copy(known.bytes)
    }
    const writer = this.#writer
    const attributes = this.#attributes
    const start = writer.used
    attributes.text(keys.kind, kinds[kind]?.kind ?? '')
    attributes.number(keys.threadId, threadId)
    attributes.text(keys.threadName, threadId === 0 ? 'main' : `worker-${threadId}`)
    if (isLock) {
      attributes.text(keys.lockName, texts.textOf(name))
      attributes.text(keys.lockType, texts.textOf(type))
      attributes.text(keys.lockMode, texts.textOf(mode))
      attributes.text(keys.lockScope, texts.textOf(scope))
    }
    const bytes = Uint8Array.prototype.slice.call(writer.bytes, start, writer.used)
    if (this.#constants.size >= constantsMax) this.#constants.clear()
    this.#constants.set(name, [
      ...ofName.slice(0, constantsOfNameMax - 1),
      { kind, field, texts, type, mode, scope, bytes },
    ])
  }

  #copy(bytes: Uint8Array): void {
    const writer = this.#writer
    writer.reserve(bytes.length)
    writer.bytes.set(bytes, writer.used)
    writer.used += bytes.length
  }

  #writeLock(view: RecordView, kind: number): void {
    const { cells, numbers, at, threadId } = view
    const cellsAt = at * 2
    const flags = cells[cellsAt + cell.flags] as number
    const attributes = this.#attributes
    attributes.text(keys.lockId, this.#idOf(numbers[at + number.id] as number, view))
    const told = cells[cellsAt + cell.heldTold] as number
    if (told === 0) attributes.texts(keys.lockHeld, nothing)
    else {
      const held = numbers.subarray(at + number.held, at + number.held + told)
      attributes.texts(
        keys.lockHeld,
        Array.from(held, (id) => this.#idOf(id, view)),
      )
    }
    const heldCount = cells[cellsAt + cell.heldCount] as number
    if (heldCount > told) attributes.number(keys.lockHeldCount, heldCount)
    attributes.number(keys.lockWaiterCount, numbers[at + number.size] as number)
    if ((flags & flag.hasPermits) !== 0) {
      attributes.number(keys.lockPermits, numbers[at + number.permits] as number)
    }
    this.#writeSite(view)
    if (kind === recordKind.lockHold) {
      attributes.number(keys.lockWaitDuration, numbers[at + number.durationNs] as number)
      attributes.bool(keys.lockContended, (flags & flag.isContended) !== 0)
      attributes.number(keys.lockDepth, cells[cellsAt + cell.depth] as number)
      return
    }
    const chain = numbers[at + number.chain] as number
    if (chain !== 0)
      attributes.texts(keys.contextChain, view.texts.textOf(chain).split(chainSeparator))
    if ((flags & flag.hasTimeout) !== 0) {
      attributes.number(keys.lockTimeout, numbers[at + number.durationNs] as number)
    }
    const holder = numbers[at + number.holder] as number
    if (holder === 0) return
    attributes.text(keys.lockHolderTaskId, String(holder))
    attributes.number(keys.lockHolderThreadId, threadId)
  }

  #writeSite({ cells, at, texts }: RecordView): void {
    const number = cells[at * 2 + cell.site] as number
    const site = number === 0 ? undefined : parseSite(texts.textOf(number))
    if (site === undefined) return
    const attributes = this.#attributes
    if (site.functionName !== '') attributes.text(keys.codeFunctionName, site.functionName)
    attributes.text(keys.codeFilePath, site.file)
    attributes.number(keys.codeLineNumber, site.line)
  }

  #writeQueue(view: RecordView, kind: number): void {
    const { cells, numbers, at, texts } = view
    const cellsAt = at * 2
    const flags = cells[cellsAt + cell.flags] as number
    const attributes = this.#attributes
    attributes.text(keys.queueId, this.#idOf(numbers[at + number.id] as number, view))
    attributes.text(keys.queueName, texts.textOf(cells[cellsAt + cell.name] as number))
    attributes.text(keys.queueItemId, itemIdOf(view))
    attributes.number(keys.queueSize, numbers[at + number.size] as number)
    const itemName = cells[cellsAt + cell.type] as number
    if (itemName !== 0) attributes.text(keys.queueItemName, texts.textOf(itemName))
    const optional = [
      [flag.hasPriority, keys.queuePriority, number.priority],
      [flag.hasCapacity, keys.queueCapacity, number.capacity],
      [flag.hasConcurrency, keys.queueConcurrency, number.concurrency],
    ] as const
    for (const [bit, key, place] of optional) {
      if ((flags & bit) !== 0) attributes.number(key, numbers[at + place] as number)
    }
    if (kind === recordKind.queueItem) {
      attributes.number(keys.queueWaitDuration, numbers[at + number.durationNs] as number)
    }
  }

  /** The attributes that the end adds. @returns whether it failed */
  #writeEnd({ cells, at, texts }: RecordView, kind: number): boolean {
    const attributes = this.#attributes
    const result = cells[at * 2 + cell.result] as number
    const errorType = cells[at * 2 + cell.errorType] as number
    const isItem = kind === recordKind.queueItem
    if (kind === recordKind.lockWait) {
      attributes.text(keys.lockWaitResult, texts.textOf(result))
      return false
    }
    if (!isItem && kind !== recordKind.zone) return false
    if (isItem && result !== 0) {
      attributes.text(keys.queueItemResult, texts.textOf(result))
    }
    if (errorType !== 0) attributes.text(keys.errorType, texts.textOf(errorType))
    if (!isItem) return errorType !== 0
    return texts.textOf(result) === WAYWARD_QUEUE_ITEM_RESULT_VALUE_FAILED
  }

  /** The item's span is a child of the span that enqueued it, and says so with a link as well. */
  #writeLink({ cells, at }: RecordView, flags: number): void {
    const parentAt = at * 2 + cell.parentSpanId
    if (cells[parentAt] === 0 && cells[parentAt + 1] === 0) return
    const link = this.#writer.begin(spanField.links)
    this.#writeId(linkField.traceId, cells, at * 2 + cell.traceId, 4)
    this.#writeId(linkField.spanId, cells, parentAt, 2)
    this.#writer.fixed32(linkField.flags, flags)
    this.#writer.end(link)
  }

  /** Nothing for zeros, which are no id. */
  #writeId(field: number, cells: Int32Array, from: number, words: number): void {
    const id = this.#id
    let isSet = 0
    for (let index = 0; index < words; index++) {
      const word = cells[from + index] as number
      isSet |= word
      id[index * 4] = word >>> 24
      id[index * 4 + 1] = word >>> 16
      id[index * 4 + 2] = word >>> 8
      id[index * 4 + 3] = word
    }
    if (isSet !== 0) this.#writer.content(field, id.subarray(0, words * 4))
  }

  #idOf(id: number, { texts }: RecordView): string {
    return id > 0 ? this.#idPrefix + id : texts.textOf(-id)
  }
}

function kindOfSpan(kind: number): number {
  if (kind === recordKind.queueEnqueue) return spanKind.producer
  return kind === recordKind.queueItem ? spanKind.consumer : spanKind.internal
}

function flagsOf(flags: number): number {
  return (flags & 0xff) | hasIsRemote | ((flags & flag.isParentRemote) === 0 ? 0 : isRemote)
}
