// Records become OTLP: a span for what has ended, a log record for what is still open. The
// attributes are those of emit/span-attributes.ts, which a test holds beside these.
import { ProtobufWriter } from '@wayward/otlp'
import {
  ATTR_ERROR_TYPE,
  ATTR_THREAD_ID,
  ATTR_THREAD_NAME,
  ATTR_WAYWARD_EVENT_SEQUENCE,
  ATTR_WAYWARD_KIND,
  ATTR_WAYWARD_LOCK_CONTENDED,
  ATTR_WAYWARD_LOCK_DEPTH,
  ATTR_WAYWARD_LOCK_HELD,
  ATTR_WAYWARD_LOCK_HELD_COUNT,
  ATTR_WAYWARD_LOCK_HOLDER_TASK_ID,
  ATTR_WAYWARD_LOCK_HOLDER_THREAD_ID,
  ATTR_WAYWARD_LOCK_ID,
  ATTR_WAYWARD_LOCK_MODE,
  ATTR_WAYWARD_LOCK_NAME,
  ATTR_WAYWARD_LOCK_PERMITS,
  ATTR_WAYWARD_LOCK_SCOPE,
  ATTR_WAYWARD_LOCK_TIMEOUT,
  ATTR_WAYWARD_LOCK_TYPE,
  ATTR_WAYWARD_LOCK_WAIT_DURATION,
  ATTR_WAYWARD_LOCK_WAIT_RESULT,
  ATTR_WAYWARD_LOCK_WAITER_COUNT,
  ATTR_WAYWARD_QUEUE_CAPACITY,
  ATTR_WAYWARD_QUEUE_CONCURRENCY,
  ATTR_WAYWARD_QUEUE_ID,
  ATTR_WAYWARD_QUEUE_ITEM_ID,
  ATTR_WAYWARD_QUEUE_ITEM_NAME,
  ATTR_WAYWARD_QUEUE_ITEM_RESULT,
  ATTR_WAYWARD_QUEUE_NAME,
  ATTR_WAYWARD_QUEUE_PRIORITY,
  ATTR_WAYWARD_QUEUE_SIZE,
  ATTR_WAYWARD_QUEUE_WAIT_DURATION,
  ATTR_WAYWARD_TASK_ID,
  ATTR_WAYWARD_TASK_NAME,
  WAYWARD_QUEUE_ITEM_RESULT_VALUE_FAILED,
} from '@wayward/semconv'
import { type RecordView, sequenceOf } from './area-reader.ts'
import { cell, flag, number, recordKind } from './layout.ts'
import { AttributeWriter, writeTime } from './otlp-writing.ts'

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

export interface RecordEncoderSettings {
  /** `process.pid`, of which the ids of locks and queues begin. */
  readonly pid: number
}

export class RecordEncoder {
  readonly #writer = new ProtobufWriter('compact', 4096)
  readonly #attributes = new AttributeWriter(this.#writer)
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
    const { cells, numbers, at, texts, threadId } = view
    const attributes = this.#attributes
    attributes.field = field
    attributes.text(ATTR_WAYWARD_KIND, kinds[kind]?.kind ?? '')
    attributes.number(ATTR_WAYWARD_EVENT_SEQUENCE, sequence)
    attributes.number(ATTR_THREAD_ID, threadId)
    attributes.text(ATTR_THREAD_NAME, threadId === 0 ? 'main' : `worker-${threadId}`)
    attributes.text(ATTR_WAYWARD_TASK_ID, String(numbers[at + number.task]))
    const taskName = cells[at * 2 + cell.taskName] as number
    if (taskName !== 0) attributes.text(ATTR_WAYWARD_TASK_NAME, texts.textOf(taskName))
    if (kind === recordKind.lockWait || kind === recordKind.lockHold) this.#writeLock(view, kind)
    else if (kind !== recordKind.zone) this.#writeQueue(view, kind)
  }

  #writeLock(view: RecordView, kind: number): void {
    const { cells, numbers, at, texts, threadId } = view
    const cellsAt = at * 2
    const flags = cells[cellsAt + cell.flags] as number
    const attributes = this.#attributes
    attributes.text(ATTR_WAYWARD_LOCK_ID, this.#idOf(numbers[at + number.id] as number, view))
    attributes.text(ATTR_WAYWARD_LOCK_NAME, texts.textOf(cells[cellsAt + cell.name] as number))
    attributes.text(ATTR_WAYWARD_LOCK_TYPE, texts.textOf(cells[cellsAt + cell.type] as number))
    attributes.text(ATTR_WAYWARD_LOCK_MODE, texts.textOf(cells[cellsAt + cell.mode] as number))
    attributes.text(ATTR_WAYWARD_LOCK_SCOPE, texts.textOf(cells[cellsAt + cell.scope] as number))
    const told = cells[cellsAt + cell.heldTold] as number
    const held = numbers.subarray(at + number.held, at + number.held + told)
    attributes.texts(
      ATTR_WAYWARD_LOCK_HELD,
      Array.from(held, (id) => this.#idOf(id, view)),
    )
    const heldCount = cells[cellsAt + cell.heldCount] as number
    if (heldCount > told) attributes.number(ATTR_WAYWARD_LOCK_HELD_COUNT, heldCount)
    attributes.number(ATTR_WAYWARD_LOCK_WAITER_COUNT, numbers[at + number.size] as number)
    if ((flags & flag.hasPermits) !== 0) {
      attributes.number(ATTR_WAYWARD_LOCK_PERMITS, numbers[at + number.permits] as number)
    }
    if (kind === recordKind.lockHold) {
      attributes.number(ATTR_WAYWARD_LOCK_WAIT_DURATION, numbers[at + number.durationNs] as number)
      attributes.bool(ATTR_WAYWARD_LOCK_CONTENDED, (flags & flag.isContended) !== 0)
      attributes.number(ATTR_WAYWARD_LOCK_DEPTH, cells[cellsAt + cell.depth] as number)
      return
    }
    if ((flags & flag.hasTimeout) !== 0) {
      attributes.number(ATTR_WAYWARD_LOCK_TIMEOUT, numbers[at + number.durationNs] as number)
    }
    const holder = numbers[at + number.holder] as number
    if (holder === 0) return
    attributes.text(ATTR_WAYWARD_LOCK_HOLDER_TASK_ID, String(holder))
    attributes.number(ATTR_WAYWARD_LOCK_HOLDER_THREAD_ID, threadId)
  }

  #writeQueue(view: RecordView, kind: number): void {
    const { cells, numbers, at, texts } = view
    const cellsAt = at * 2
    const flags = cells[cellsAt + cell.flags] as number
    const attributes = this.#attributes
    attributes.text(ATTR_WAYWARD_QUEUE_ID, this.#idOf(numbers[at + number.id] as number, view))
    attributes.text(ATTR_WAYWARD_QUEUE_NAME, texts.textOf(cells[cellsAt + cell.name] as number))
    attributes.text(ATTR_WAYWARD_QUEUE_ITEM_ID, itemIdOf(view))
    attributes.number(ATTR_WAYWARD_QUEUE_SIZE, numbers[at + number.size] as number)
    const itemName = cells[cellsAt + cell.type] as number
    if (itemName !== 0) attributes.text(ATTR_WAYWARD_QUEUE_ITEM_NAME, texts.textOf(itemName))
    const optional = [
      [flag.hasPriority, ATTR_WAYWARD_QUEUE_PRIORITY, number.priority],
      [flag.hasCapacity, ATTR_WAYWARD_QUEUE_CAPACITY, number.capacity],
      [flag.hasConcurrency, ATTR_WAYWARD_QUEUE_CONCURRENCY, number.concurrency],
    ] as const
    for (const [bit, key, place] of optional) {
      if ((flags & bit) !== 0) attributes.number(key, numbers[at + place] as number)
    }
    if (kind === recordKind.queueItem) {
      attributes.number(ATTR_WAYWARD_QUEUE_WAIT_DURATION, numbers[at + number.durationNs] as number)
    }
  }

  /** The attributes that the end adds. @returns whether it failed */
  #writeEnd({ cells, at, texts }: RecordView, kind: number): boolean {
    const attributes = this.#attributes
    const result = cells[at * 2 + cell.result] as number
    const errorType = cells[at * 2 + cell.errorType] as number
    const isItem = kind === recordKind.queueItem
    if (kind === recordKind.lockWait) {
      attributes.text(ATTR_WAYWARD_LOCK_WAIT_RESULT, texts.textOf(result))
      return false
    }
    if (!isItem && kind !== recordKind.zone) return false
    if (isItem && result !== 0) {
      attributes.text(ATTR_WAYWARD_QUEUE_ITEM_RESULT, texts.textOf(result))
    }
    if (errorType !== 0) attributes.text(ATTR_ERROR_TYPE, texts.textOf(errorType))
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

function itemIdOf({ cells, numbers, at }: RecordView): string {
  if (((cells[at * 2 + cell.flags] as number) & flag.hasItemText) === 0) {
    return String(numbers[at + number.item])
  }
  const told = cells[at * 2 + cell.heldTold] as number
  const start = numbers.byteOffset + (at + number.held + told) * 8
  return Buffer.from(numbers.buffer, start, cells[at * 2 + cell.textBytes]).toString()
}

function kindOfSpan(kind: number): number {
  if (kind === recordKind.queueEnqueue) return spanKind.producer
  return kind === recordKind.queueItem ? spanKind.consumer : spanKind.internal
}

function flagsOf(flags: number): number {
  return (flags & 0xff) | hasIsRemote | ((flags & flag.isParentRemote) === 0 ? 0 : isRemote)
}
