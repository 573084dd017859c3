// Laps that are under way, without an object for each. The clock's answer goes straight into an
// array of 64-bit numbers: that is the one reading of it for which V8 takes nothing from the heap
// (measured on Node 20, 24 and 26), where `performance.now()` and `hrtime()` may make an object.

const capacityAtFirst = 16
const placeBits = 16
const capacityMax = 1 << placeBits
/** How often a place can be used before its numbers come again. */
const usesMax = 8192
const wordSize = 0x1_0000_0000
/** Which half of eight bytes is the lower one, in this machine's order. */
const lowWord = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1 ? 0 : 1

/** The laps of one timer. */
export class OpenLaps {
  /** Of the lap that ended last: in an array, as the answer of a function would be an object. */
  readonly seconds = new Float64Array(1)
  readonly #clock: (() => number) | undefined
  /** When each began, by the monotonic clock; or by the clock that was given, as its bits. */
  #starts = new BigInt64Array(capacityAtFirst)
  #words = new Uint32Array(this.#starts.buffer)
  #given = new Float64Array(this.#starts.buffer)
  /** How often each place was used; below zero while it is not. */
  #uses = new Int32Array(capacityAtFirst).fill(-1)
  #free = Int32Array.from({ length: capacityAtFirst }, (_, place) => capacityAtFirst - 1 - place)
  #freeCount = capacityAtFirst
  readonly #now = new BigInt64Array(1)
  readonly #nowWords = new Uint32Array(this.#now.buffer)
  /** The lap that began last, and once it has ended its seconds. */
  #latest = -1
  readonly #latestSeconds = new Float64Array(1)

  /** @param clock the time in seconds; by default one that does not jump */
  constructor(clock: (() => number) | undefined) {
    this.#clock = clock
  }

  /** The time in seconds. */
  now(): number {
    return this.#clock === undefined ? performance.now() / 1000 : this.#clock()
  }

  /** Seconds of the lap that began last, also while it runs; 0 before the first. */
  get last(): number {
    const latest = this.#latest
    if (latest === -1 || this.#uses[placeOf(latest)] !== useOf(latest)) {
      return this.#latestSeconds[0] as number
    }
    this.#measure(placeOf(latest), this.#latestSeconds)
    return this.#latestSeconds[0] as number
  }

  begin(): number {
    if (this.#freeCount === 0) this.#grow()
    const place = this.#free[--this.#freeCount] as number
    const use = -(this.#uses[place] as number)
    this.#uses[place] = use
    const lap = (use << placeBits) | place
    this.#latest = lap
    if (this.#clock === undefined) this.#starts[place] = process.hrtime.bigint()
    else this.#given[place] = this.#clock()
    return lap
  }

  /** Its seconds are in `seconds` then. */
  end(lap: number): void {
    const place = placeOf(lap)
    if (this.#uses[place] !== useOf(lap)) {
      throw new RangeError(`Cannot end lap ${lap}: it is not under way; wanted what begin() gave`)
    }
    this.#measure(place, this.seconds)
    if (lap === this.#latest) this.#latestSeconds[0] = this.seconds[0] as number
    this.#uses[place] = -((useOf(lap) % usesMax) + 1)
    this.#free[this.#freeCount++] = place
  }

  /** Seconds since the beginning of a lap. */
  #measure(place: number, result: Float64Array): void {
    if (this.#clock !== undefined) {
      result[0] = this.#clock() - (this.#given[place] as number)
      return
    }
    this.#now[0] = process.hrtime.bigint()
    const words = this.#words
    const now = this.#nowWords
    const low = (now[lowWord] as number) - (words[place * 2 + lowWord] as number)
    const high = (now[1 - lowWord] as number) - (words[place * 2 + 1 - lowWord] as number)
    result[0] = (high * wordSize + low) / 1e9
  }

  #grow(): void {
    const before = this.#starts.length
    if (before === capacityMax) {
      throw new RangeError(`Cannot begin a lap: ${capacityMax} are under way, and none ends`)
    }
    const starts = new BigInt64Array(before * 2)
    starts.set(this.#starts)
    this.#starts = starts
    this.#words = new Uint32Array(starts.buffer)
    this.#given = new Float64Array(starts.buffer)
    const uses = new Int32Array(before * 2).fill(-1)
    uses.set(this.#uses)
    this.#uses = uses
    this.#free = Int32Array.from({ length: before * 2 }, (_, place) => before * 2 - 1 - place)
    this.#freeCount = before
  }
}

function placeOf(lap: number): number {
  return lap & (capacityMax - 1)
}

/** From 1 on: what is no lap has none. */
function useOf(lap: number): number {
  return lap >> placeBits
}
