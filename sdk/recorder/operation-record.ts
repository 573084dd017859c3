// How an operation becomes a record. What is of no use to a kind is left as it was: a reader reads
// only what its kind has.
import {
  cell,
  chainSeparator,
  flag,
  number,
  recordKind,
  slotNumbers,
  type TextWriter,
  type RecordPlace,
} from '@wayward/record'
import {
  EVENT_WAYWARD_LOCK_MISUSE,
  EVENT_WAYWARD_LOCK_ORDER,
  WAYWARD_LOCK_MODE_VALUE_EXCLUSIVE,
  WAYWARD_LOCK_MODE_VALUE_SHARED,
  WAYWARD_LOCK_SCOPE_VALUE_CLUSTER,
  WAYWARD_LOCK_SCOPE_VALUE_HOST,
  WAYWARD_LOCK_SCOPE_VALUE_PROCESS,
  WAYWARD_LOCK_WAIT_RESULT_VALUE_CANCELLED,
  WAYWARD_LOCK_WAIT_RESULT_VALUE_GRANTED,
  WAYWARD_LOCK_WAIT_RESULT_VALUE_REFUSED,
  WAYWARD_LOCK_WAIT_RESULT_VALUE_TIMEOUT,
  WAYWARD_OPERATION_END_REASON_VALUE_ABANDONED,
  WAYWARD_OPERATION_END_REASON_VALUE_LEFT_OUT,
  WAYWARD_OPERATION_END_REASON_VALUE_SHUTDOWN,
  WAYWARD_QUEUE_ITEM_RESULT_VALUE_DONE,
  WAYWARD_QUEUE_ITEM_RESULT_VALUE_FAILED,
} from '@wayward/semconv'
import type {
  LockHoldOperation,
  LockSubject,
  LockWaitOperation,
  Operation,
  QueueEnqueueOperation,
  QueueItemOperation,
  QueueSubject,
  QueueWaitOperation,
  ZoneOperation,
} from '../report/operation.ts'
import type { HeldLocks } from '../report/task.ts'
import { ClassDetail, type Rules } from './detail.ts'

/** What can be recorded: jobs and pauses are few, and stay spans. */
export type RecordedOperation =
  | LockWaitOperation
  | LockHoldOperation
  | QueueEnqueueOperation
  | QueueWaitOperation
  | QueueItemOperation
  | ZoneOperation

const kinds: Readonly<Record<RecordedOperation['kind'], number>> = {
  lock_wait: recordKind.lockWait,
  lock_hold: recordKind.lockHold,
  queue_enqueue: recordKind.queueEnqueue,
  queue_wait: recordKind.queueWait,
  queue_item: recordKind.queueItem,
  zone: recordKind.zone,
}

export function kindNumberOf(operation: RecordedOperation): number {
  return kinds[operation.kind]
}

/** Whether a record can say all that there is to say. */
export function canBeRecorded(operation: Operation): operation is RecordedOperation {
  if ('lock' in operation) return true
  if (operation.kind === 'zone') return operation.attributes === undefined
  if ('job' in operation || operation.kind === 'pause') return false
  return Buffer.byteLength(operation.item.itemId) <= itemTextBytesMax
}

const itemTextBytesMax = (slotNumbers - number.held) * 8

/** Different chains that a thread tells; of further ones nothing is said. */
const chainsMax = 500
/** Characters of these together, of each as many as a text keeps of it. */
const chainCharactersMax = 65_536
const chainCharactersOfOneMax = 1000

/** What operations and events may say of themselves whatever their names are. */
const textsOfEach = [
  EVENT_WAYWARD_LOCK_MISUSE,
  EVENT_WAYWARD_LOCK_ORDER,
  WAYWARD_LOCK_MODE_VALUE_EXCLUSIVE,
  WAYWARD_LOCK_MODE_VALUE_SHARED,
  WAYWARD_LOCK_SCOPE_VALUE_CLUSTER,
  WAYWARD_LOCK_SCOPE_VALUE_HOST,
  WAYWARD_LOCK_SCOPE_VALUE_PROCESS,
  WAYWARD_LOCK_WAIT_RESULT_VALUE_CANCELLED,
  WAYWARD_LOCK_WAIT_RESULT_VALUE_GRANTED,
  WAYWARD_LOCK_WAIT_RESULT_VALUE_REFUSED,
  WAYWARD_LOCK_WAIT_RESULT_VALUE_TIMEOUT,
  WAYWARD_OPERATION_END_REASON_VALUE_ABANDONED,
  WAYWARD_OPERATION_END_REASON_VALUE_LEFT_OUT,
  WAYWARD_OPERATION_END_REASON_VALUE_SHUTDOWN,
  WAYWARD_QUEUE_ITEM_RESULT_VALUE_DONE,
  WAYWARD_QUEUE_ITEM_RESULT_VALUE_FAILED,
]

/** Our own ids of locks and queues are the process's number and a count. */
const ownPrefix = `${process.pid}:`

/** What is known of a lock or queue, as its mark. */
interface Known {
  readonly name: string
  readonly detail: ClassDetail
}

interface KnownQueue extends Known {
  readonly nameNumber: number
  readonly id: number
}

interface KnownLock extends Known {
  readonly type: string
  readonly nameNumber: number
  readonly typeNumber: number
  readonly scopeNumber: number
  readonly id: number
}

/** Writes operations of one thread. */
export class OperationWriter {
  readonly #texts: TextWriter
  readonly #rules: Rules
  /** By the number of the name: those that found no room among the texts have one together. */
  readonly #details = new Map<number, ClassDetail>()
  /** The numbers of their texts. */
  readonly #chains = new Map<string, number>()
  #chainCharacters = 0
  #mode = ''
  #modeNumber = 0

  constructor(texts: TextWriter, rules: Rules) {
    this.#texts = texts
    this.#rules = rules
    // However many names come: these are what the rest is understood by.
    for (const text of textsOfEach) texts.numberOf(text)
  }

  /** What is told of the class of an operation. */
  detailOf(operation: RecordedOperation): ClassDetail {
    if ('lock' in operation) return this.#knownOf(operation.lock).detail
    if ('queue' in operation) return this.#knownQueueOf(operation.queue).detail
    return this.#detailOf(this.#texts.numberOf(operation.name), operation.name)
  }

  /**
   * Writes what is known of an operation that begins, but for its ids of traces, which have set the
   * flags.
   * @param at where it begins, in numbers of eight bytes
   */
  write(place: RecordPlace, at: number, operation: RecordedOperation): void {
    const { cells, numbers } = place
    const cellsAt = at * 2
    cells[cellsAt + cell.startSeconds] = operation.startSeconds
    cells[cellsAt + cell.startNs] = operation.startNs
    numbers[at + number.sequence] = operation.sequence
    numbers[at + number.anchorMs] = operation.anchorMs
    numbers[at + number.task] = operation.taskNumber
    const { taskName } = operation
    cells[cellsAt + cell.taskName] = taskName === undefined ? 0 : this.#texts.numberOf(taskName)
    cells[cellsAt + cell.heldTold] = 0
    cells[cellsAt + cell.textBytes] = 0
    if (operation.kind === 'zone') cells[cellsAt + cell.name] = this.#texts.numberOf(operation.name)
    else if ('lock' in operation) this.#writeLock(place, at, operation)
    else this.#writeQueue(place, at, operation)
  }

  /** Adds how it ended. */
  writeEnd(
    { cells }: RecordPlace,
    at: number,
    operation: RecordedOperation,
    seconds: number,
    ns: number,
  ): void {
    const cellsAt = at * 2
    cells[cellsAt + cell.endSeconds] = seconds
    cells[cellsAt + cell.endNs] = ns
    const { kind } = operation
    if (kind === 'lock_hold' || kind === 'queue_enqueue' || kind === 'queue_wait') return
    cells[cellsAt + cell.result] = kind === 'zone' ? 0 : this.#texts.numberOf(operation.result)
    cells[cellsAt + cell.errorType] =
      kind === 'lock_wait' ? 0 : this.#texts.numberOf(operation.errorType)
  }

  #writeLock(
    place: RecordPlace,
    at: number,
    operation: LockWaitOperation | LockHoldOperation,
  ): void {
    const { cells, numbers } = place
    const cellsAt = at * 2
    const { lock, permits, held, mode } = operation
    const known = this.#knownOf(lock)
    cells[cellsAt + cell.name] = known.nameNumber
    cells[cellsAt + cell.type] = known.typeNumber
    cells[cellsAt + cell.scope] = known.scopeNumber
    cells[cellsAt + cell.mode] = this.#numberOfMode(mode)
    cells[cellsAt + cell.site] = operation.site === '' ? 0 : this.#texts.numberOf(operation.site)
    numbers[at + number.size] = operation.waiterCount
    numbers[at + number.id] = known.id
    let flags = 0
    if (permits !== undefined) {
      flags |= flag.hasPermits
      numbers[at + number.permits] = permits
    }
    cells[cellsAt + cell.heldCount] = held.count
    if (held.count > 0) this.#writeHeld(place, at, held)
    if (operation.kind === 'lock_hold') {
      numbers[at + number.durationNs] = operation.waitNs
      cells[cellsAt + cell.depth] = operation.depth
      if (operation.isContended) flags |= flag.isContended
    } else {
      numbers[at + number.holder] = operation.holderTaskNumber
      numbers[at + number.chain] = this.#numberOfChain(operation.chain)
      if (operation.timeoutNs !== undefined) {
        flags |= flag.hasTimeout
        numbers[at + number.durationNs] = operation.timeoutNs
      }
    }
    cells[cellsAt + cell.flags] = (cells[cellsAt + cell.flags] as number) | flags
  }

  #writeHeld({ cells, numbers }: RecordPlace, at: number, held: HeldLocks): void {
    const told = (held.numbers ??= held.ids.map((id) => this.#numberOfId(id)))
    cells[at * 2 + cell.heldTold] = told.length
    for (let index = 0; index < told.length; index++) {
      numbers[at + number.held + index] = told[index] as number
    }
  }

  #writeQueue(
    place: RecordPlace,
    at: number,
    operation: QueueEnqueueOperation | QueueWaitOperation | QueueItemOperation,
  ): void {
    const { cells, numbers } = place
    const cellsAt = at * 2
    const { queue, item } = operation
    const { capacity, concurrency } = queue
    const known = this.#knownQueueOf(queue)
    cells[cellsAt + cell.name] = known.nameNumber
    cells[cellsAt + cell.type] = this.#texts.numberOf(item.itemName)
    numbers[at + number.size] = item.size
    numbers[at + number.id] = known.id
    let flags = this.#writeItemId(place, at, item.itemId)
    if (item.priority !== undefined) {
      flags |= flag.hasPriority
      numbers[at + number.priority] = item.priority
    }
    if (capacity !== undefined) {
      flags |= flag.hasCapacity
      numbers[at + number.capacity] = capacity
    }
    if (concurrency !== undefined && Number.isFinite(concurrency)) {
      flags |= flag.hasConcurrency
      numbers[at + number.concurrency] = concurrency
    }
    if (operation.kind === 'queue_item') numbers[at + number.durationNs] = operation.waitNs
    cells[cellsAt + cell.flags] = (cells[cellsAt + cell.flags] as number) | flags
  }

  /** @returns its flag */
  #writeItemId({ cells, numbers }: RecordPlace, at: number, itemId: string): number {
    const count = Number(itemId)
    if (Number.isSafeInteger(count) && String(count) === itemId) {
      numbers[at + number.item] = count
      return 0
    }
    const { buffer, byteOffset } = numbers
    const start = byteOffset + (at + number.held) * 8
    cells[at * 2 + cell.textBytes] = Buffer.from(buffer, start, itemTextBytesMax).write(itemId)
    return flag.hasItemText
  }

  /** What a lock's texts are written as; its name and type may still change. */
  #knownOf(lock: LockSubject): KnownLock {
    const known = lock.mark as KnownLock | undefined
    if (known?.name === lock.name && known.type === lock.type) return known
    const texts = this.#texts
    const nameNumber = texts.numberOf(lock.name)
    const found = {
      name: lock.name,
      type: lock.type,
      detail: this.#detailOf(nameNumber, lock.name),
      nameNumber,
      typeNumber: texts.numberOf(lock.type),
      scopeNumber: texts.numberOf(lock.scope),
      id: this.#numberOfId(lock.id),
    }
    lock.mark = found
    return found
  }

  /** Their texts must leave room for the names. */
  #numberOfChain(chain: readonly string[]): number {
    if (chain.length === 0) return 0
    const text = chain.join(chainSeparator)
    const known = this.#chains.get(text)
    const isFull = this.#chains.size >= chainsMax || this.#chainCharacters >= chainCharactersMax
    if (known !== undefined || isFull) return known ?? 0
    this.#chainCharacters += Math.min(text.length, chainCharactersOfOneMax)
    const number = this.#texts.numberOf(text)
    this.#chains.set(text, number)
    return number
  }

  /** There are two, and one of them is nearly always meant. */
  #numberOfMode(mode: string): number {
    if (mode !== this.#mode) {
      this.#mode = mode
      this.#modeNumber = this.#texts.numberOf(mode)
    }
    return this.#modeNumber
  }

  /** Its name may change, its id does not. */
  #knownQueueOf(queue: QueueSubject): KnownQueue {
    const known = queue.mark as KnownQueue | undefined
    if (known?.name === queue.name) return known
    const nameNumber = this.#texts.numberOf(queue.name)
    const found = {
      name: queue.name,
      detail: this.#detailOf(nameNumber, queue.name),
      nameNumber,
      id: known?.id ?? this.#numberOfId(queue.id),
    }
    queue.mark = found
    return found
  }

  #detailOf(nameNumber: number, name: string): ClassDetail {
    const known = this.#details.get(nameNumber)
    if (known !== undefined) return known
    const found = new ClassDetail(this.#rules, name)
    this.#details.set(nameNumber, found)
    return found
  }

  #numberOfId(id: string): number {
    if (id.startsWith(ownPrefix)) {
      const count = Number(id.slice(ownPrefix.length))
      if (Number.isSafeInteger(count) && count > 0 && ownPrefix + count === id) return count
    }
    return -this.#texts.numberOf(id)
  }
}
