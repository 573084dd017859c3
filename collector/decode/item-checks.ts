import type { StringColumn } from '@wayward/clickhouse'
import type { Clock } from './decoder.ts'
import type { DecodeLimits } from './limits.ts'
import { ItemRejection } from './tally.ts'

const nsPerMs = 1_000_000n
const nsPerDay = 86_400e9

/** The collector's time for one request, in halves of nanoseconds. */
export class RequestTime {
  nowLow = 0
  nowHigh = 0
  #nowMs = Number.NaN
  #latestLow = 0
  #latestHigh = 0
  readonly #clock: Clock
  readonly #futureMsMax: number
  readonly #daysMax: number
  /** Different days of the request's items. */
  readonly days = new Set<number>()
  #lastDay = -1
  /** Whether an item of the request took the collector's time. */
  isUsed = false

  constructor(clock: Clock, limits: DecodeLimits) {
    this.#clock = clock
    this.#futureMsMax = limits.futureMsMax
    this.#daysMax = limits.daysMax
  }

  begin(): void {
    this.days.clear()
    this.#lastDay = -1
    this.isUsed = false
    const nowMs = this.#clock()
    if (nowMs === this.#nowMs) return
    this.#nowMs = nowMs
    const now = BigInt(Math.floor(nowMs)) * nsPerMs
    const latest = now + BigInt(this.#futureMsMax) * nsPerMs
    this.nowLow = Number(now & 0xffffffffn)
    this.nowHigh = Number(now >> 32n)
    this.#latestLow = Number(latest & 0xffffffffn)
    this.#latestHigh = Number(latest >> 32n)
  }

  /** Whether a time is not further ahead than the limit. */
  isInRange(low: number, high: number): boolean {
    return high < this.#latestHigh || (high === this.#latestHigh && low <= this.#latestLow)
  }

  /** Whether the request may have an item of this day, which then counts. */
  admitsDay(low: number, high: number): boolean {
    const day = Math.floor((high * 0x100000000 + low) / nsPerDay)
    if (day === this.#lastDay) return true
    if (!this.days.has(day)) {
      if (this.days.size >= this.#daysMax) return false
      this.days.add(day)
    }
    this.#lastDay = day
    return true
  }

  /** Refuses an item of one day too many. */
  checkDay(low: number, high: number): void {
    if (this.admitsDay(low, high)) return
    throw new ItemRejection(
      `the request has items of more than ${this.#daysMax} different days, wanted at most ` +
        `${this.#daysMax}; check the sender's clock, or send fewer days at once`,
    )
  }

  /** Refuses a time that is unset, too. */
  checkSet(field: string, low: number, high: number): void {
    if (low === 0 && high === 0) {
      throw new ItemRejection(`${field} is 0, wanted nanoseconds since 1970`)
    }
    this.check(field, low, high)
  }

  /**
   * Refuses a time that is further ahead than the limit. What a DateTime64(9) cannot hold is, too.
   */
  check(field: string, low: number, high: number): void {
    if (this.isInRange(low, high)) return
    const latest = halves(this.#latestLow, this.#latestHigh)
    const wanted = `at most ${latest} (the collector's time and ${this.#futureMsMax} ms)`
    throw new ItemRejection(`${field} is ${halves(low, high)}, wanted ${wanted}`)
  }
}

/** Whether an id has the right number of bytes, or none. */
export function isOptionalId(length: number, wanted: number): boolean {
  return length === 0 || length === wanted
}

/** Refuses an id that has neither no bytes nor the right number of them. */
export function checkOptionalId(field: string, length: number, wanted: number): void {
  if (isOptionalId(length, wanted)) return
  throw new ItemRejection(`${field} has ${length} bytes, wanted ${wanted} or 0`)
}

/** Refuses an id that has not the right number of bytes or is all zero. */
export function checkId(field: string, length: number, wanted: number, isUnset: boolean): void {
  if (length !== wanted) throw new ItemRejection(`${field} has ${length} bytes, wanted ${wanted}`)
  if (isUnset) throw new ItemRejection(`${field} is all zero, wanted ${wanted} bytes not all zero`)
}

/** Appends an id as hexadecimal digits; one that is all zero is unset. */
export function appendId(
  column: StringColumn,
  source: Uint8Array,
  start: number,
  end: number,
): void {
  if (isZero(source, start, end)) column.appendEmpty()
  else column.appendHex(source, start, end)
}

export function isZero(source: Uint8Array, start: number, end: number): boolean {
  for (let i = start; i < end; i++) if (source[i] !== 0) return false
  return true
}

function halves(low: number, high: number): string {
  return ((BigInt(high) << 32n) | BigInt(low)).toString()
}
