// What was refused or lost, why, and from whom: summed up in memory, and written to the table
// `wayward_ledger` from time to time (ledger-writer.ts).
//
// Nobody can make it large. There are so many entries at most, and so many for one address; what
// comes beyond that goes under the name "other", so that sums stay right. It costs nothing where
// nothing is refused.
import type { Sender, Signal } from '../../consumer.ts'
import type { ReceiverName } from '../../listeners.ts'
import type { CollectorLimits } from '../../limits.ts'

/**
 * What happened.
 *
 * - `refused`: whole requests; their senders were told.
 * - `rejected`: items of requests of which the rest was accepted; their senders were told.
 * - `ignored`: requests of which fields or values were not understood, and the rest was accepted;
 *   their senders were told.
 * - `completed`: items that lacked a time and were stored with another; their senders were told.
 * - `repeated`: requests that were stored before and came again; nothing is missing.
 * - `set_aside`: acknowledged rows that ClickHouse refuses; they are in a file.
 * - `damaged`: acknowledged rows whose bytes in the journal are wrong; the bytes are in a file.
 * - `dropped`: stored rows that were dropped on purpose.
 * - `lost`: acknowledged rows that are gone.
 */
export type LedgerEvent =
  | 'refused'
  | 'rejected'
  | 'ignored'
  | 'completed'
  | 'repeated'
  | 'set_aside'
  | 'damaged'
  | 'dropped'
  | 'lost'

/** Something that happened. What is left out is not known, or does not apply. */
export interface LedgerNote {
  readonly event: LedgerEvent
  /** A word of ours, of which there are few. */
  readonly reason: string
  readonly sender?: Sender
  readonly signal?: Signal | undefined
  readonly table?: string
  readonly requests?: number
  readonly items?: number
  readonly bytes?: number
  readonly message?: string
}

/** Notes that are alike, summed up. Texts that do not apply are empty. */
export interface LedgerEntry {
  readonly event: LedgerEvent
  readonly reason: string
  readonly receiver: ReceiverName | ''
  readonly signal: Signal | ''
  readonly table: string
  readonly address: string
  readonly agent: string
  readonly identity: string
  requests: number
  items: number
  bytes: number
  /** Unix milliseconds. */
  firstMs: number
  lastMs: number
  /** Of the first note. */
  readonly message: string
}

export interface Ledger {
  note(note: LedgerNote): void
  /** Takes all entries out; `written` or `giveBack` must follow. */
  take(): LedgerEntry[]
  /** What was taken is safe. */
  written(): void
  /**
   * Puts back what was taken and could not be written; it is summed up with what came meanwhile.
   */
  giveBack(entries: readonly LedgerEntry[]): void
  /** Entries that are there, or taken and not safe yet. */
  readonly size: number
  /** Notes that went under the name "other" since the start. */
  readonly overflows: number
}

/** What stands for senders of which there are too many at once. */
export const other = 'other'

/**
 * How much senders without a name may take: those who have shown a token or certificate keep room.
 */
const namelessShare = 0.75
const agentLengthMax = 128
const identityLengthMax = 128
const messageLengthMax = 300

type LedgerLimits = Pick<CollectorLimits, 'ledgerEntriesMax' | 'ledgerEntriesPerAddressMax'>

/** @param clock Unix milliseconds */
export function createLedger(limits: LedgerLimits, clock: () => number): Ledger {
  return new BoundedLedger(limits, clock)
}

class BoundedLedger implements Ledger {
  readonly #limits: LedgerLimits
  readonly #clock: () => number
  #entries = new Map<string, LedgerEntry>()
  #perAddress = new Map<string, number>()
  #ofSenders = 0
  #taken = 0
  overflows = 0

  constructor(limits: LedgerLimits, clock: () => number) {
    this.#limits = limits
    this.#clock = clock
  }

  get size(): number {
    return this.#entries.size + this.#taken
  }

  note(note: LedgerNote): void {
    const addition = toEntry(note, this.#clock())
    this.#add(addition, textOf(addition))
  }

  take(): LedgerEntry[] {
    const entries = [...this.#entries.values()]
    this.#entries = new Map()
    this.#perAddress = new Map()
    this.#ofSenders = 0
    this.#taken = entries.length
    return entries
  }

  written(): void {
    this.#taken = 0
  }

  giveBack(entries: readonly LedgerEntry[]): void {
    this.#taken = 0
    for (const entry of entries) this.#add(entry, textOf(entry))
  }

  /**
   * Entries without a sender, and those of "other", are few by their nature: they are not counted
   * against the bounds.
   */
  #add(addition: LedgerEntry, key: string): void {
    const known = this.#entries.get(key)
    if (known !== undefined) return sumUp(known, addition)
    if (addition.receiver === '' || addition.address === other) {
      this.#entries.set(key, shortened(addition))
      return
    }
    const ofAddress = this.#perAddress.get(addition.address) ?? 0
    const { ledgerEntriesMax, ledgerEntriesPerAddressMax } = this.#limits
    const entriesMax = ledgerEntriesMax * (addition.identity === '' ? namelessShare : 1)
    if (this.#ofSenders >= entriesMax) return this.#overflow(addition, other)
    // The address still tells who it is.
    if (ofAddress >= ledgerEntriesPerAddressMax && addition.agent !== other) {
      return this.#overflow(addition, addition.address)
    }
    this.#perAddress.set(addition.address, ofAddress + 1)
    this.#ofSenders++
    this.#entries.set(key, shortened(addition))
  }

  #overflow(addition: LedgerEntry, address: string): void {
    this.overflows++
    const identity = address === other ? '' : addition.identity
    const renamed = { ...addition, address, agent: other, identity }
    this.#add(renamed, textOf(renamed))
  }
}

function toEntry(note: LedgerNote, nowMs: number): LedgerEntry {
  const { sender } = note
  return {
    event: note.event,
    reason: note.reason,
    receiver: sender?.receiver ?? '',
    signal: note.signal ?? '',
    table: note.table ?? '',
    address: sender?.address ?? '',
    agent: shortText(sender?.agent, agentLengthMax),
    identity: shortText(sender?.identity, identityLengthMax),
    requests: note.requests ?? 0,
    items: note.items ?? 0,
    bytes: note.bytes ?? 0,
    firstMs: nowMs,
    lastMs: nowMs,
    message: note.message ?? '',
  }
}

function shortText(text: string | undefined, lengthMax: number): string {
  if (text === undefined) return ''
  return text.length > lengthMax ? text.slice(0, lengthMax) : text
}

function textOf(entry: LedgerEntry): string {
  const { event, reason, receiver, signal, table, address, agent, identity } = entry
  return `${event}\n${reason}\n${receiver}\n${signal}\n${table}\n${address}\n${agent}\n${identity}`
}

function sumUp(entry: LedgerEntry, addition: LedgerEntry): void {
  entry.requests += addition.requests
  entry.items += addition.items
  entry.bytes += addition.bytes
  entry.firstMs = Math.min(entry.firstMs, addition.firstMs)
  entry.lastMs = Math.max(entry.lastMs, addition.lastMs)
}

function shortened(entry: LedgerEntry): LedgerEntry {
  const { message } = entry
  if (message.length <= messageLengthMax) return { ...entry }
  return { ...entry, message: `${message.slice(0, messageLengthMax - 1)}…` }
}
