// How much is told of a class of locks, queues or zones: the names of which there are few. What
// happens more often than anybody can read is thinned: what had to wait, made others wait, took
// long or failed is told one by one, of the rest one in so many, with how many it stands for.

/**
 * `all`; `off`; `500/s`: plain operations above this rate are thinned; `1/20`: of plain ones one in
 * so many; `>10ms`: only what takes longer, in ns, us, ms or s.
 */
export type Detail = string

/**
 * Details by patterns of names, with `*` for any characters and `?` for one; of those that fit the
 * last counts.
 */
export type Details = Readonly<Record<string, Detail>>

/** What is told where nothing else is said. */
export const defaultDetail: Detail = '500/s'

/** What takes longer is told one by one, in nanoseconds. */
const longNs = 10_000_000
const oneInMax = 1_000_000

type Mode = 'all' | 'off' | 'rate' | 'oneIn' | 'longer'

/** A detail, understood. */
export interface Rule {
  readonly mode: Mode
  /** Operations per second, one in how many, or nanoseconds. */
  readonly figure: number
}

const nsOfUnit: Readonly<Record<string, number>> = { ns: 1, us: 1e3, ms: 1e6, s: 1e9 }

/** @returns undefined for what is no detail */
export function parseDetail(text: string): Rule | undefined {
  if (text === 'all' || text === 'off') return { mode: text, figure: 0 }
  const rate = /^(\d{1,9})\/s$/.exec(text)
  if (rate !== null) return { mode: 'rate', figure: Math.max(1, Number(rate[1])) }
  const part = /^1\/(\d{1,7})$/.exec(text)
  if (part !== null) {
    const oneIn = Number(part[1])
    return oneIn < 1 || oneIn > oneInMax ? undefined : { mode: 'oneIn', figure: oneIn }
  }
  const longer = /^>(\d{1,9}(?:\.\d{1,9})?)(ns|us|ms|s)$/.exec(text)
  if (longer === null) return undefined
  return { mode: 'longer', figure: Number(longer[1]) * (nsOfUnit[longer[2] as string] as number) }
}

export function isDetail(value: unknown): value is Detail {
  return typeof value === 'string' && parseDetail(value) !== undefined
}

/** What is wanted of a detail, for whoever wrote another. */
export const wantedDetail = 'all, off, 500/s, 1/20 or >10ms is wanted'

/** `WAYWARD_DETAIL`: `<pattern>=<detail>`, separated by commas. @returns what is wrong as well */
export function parseDetails(text: string): {
  readonly details: Details
  readonly problems: readonly string[]
} {
  const details = new Map<string, Detail>()
  const problems: string[] = []
  for (const part of text.split(',')) {
    if (part.trim() === '') continue
    const [pattern, detail, ...rest] = part.split('=').map((piece) => piece.trim())
    if (pattern === undefined || pattern === '' || detail === undefined || rest.length > 0) {
      problems.push(`"${part.trim()}" is no <pattern>=<detail>`)
    } else if (parseDetail(detail) === undefined) {
      problems.push(`"${part.trim()}": ${wantedDetail}`)
    } else {
      // The last counts, also where the same pattern stands there twice.
      details.delete(pattern)
      details.set(pattern, detail)
    }
  }
  return { details: Object.fromEntries(details), problems }
}

/** Where the rules of classes are found; they can change at any time. */
export interface Rules {
  /** Another number after each change. */
  readonly generation: number
  ruleOf(name: string): Rule
}

/** What is told of one class in one thread. */
export class ClassDetail {
  readonly #rules: Rules
  readonly #name: string
  #generation = -1
  #mode: Mode = 'all'
  #figure = 0
  /** The second that is counted, and how many there were in it. */
  #second = 0
  #count = 0
  /** One in how many, by the second before. */
  #oneInBefore = 1
  /** Of a group one is told, when so many are left: it stands for all of them. */
  #size = 1
  #left = 0
  #pick = 0
  /** What a group that was broken off had none told of. */
  #owed = 0
  #random = (Math.random() * 0xffff_ffff) | 1

  constructor(rules: Rules, name: string) {
    this.#rules = rules
    this.#name = name
  }

  get isOff(): boolean {
    if (this.#generation !== this.#rules.generation) this.#learn()
    return this.#mode === 'off'
  }

  /** Whether something of this length that is not thinned is told. */
  isTold(lengthNs: number): boolean {
    if (this.#generation !== this.#rules.generation) this.#learn()
    return this.#mode !== 'off' && (this.#mode !== 'longer' || lengthNs >= this.#figure)
  }

  /**
   * How many the operation that ends in this second stands for; 0 where it is not told.
   * @param isPlain whether nothing is special about it
   */
  weigh(seconds: number, lengthNs: number, isPlain: boolean): number {
    if (!this.isTold(lengthNs)) return 0
    if (this.#mode === 'rate') {
      const oneIn = this.#oneInAt(seconds)
      return isPlain && lengthNs < longNs ? this.#choose(oneIn) : 1
    }
    return this.#mode === 'oneIn' && isPlain && lengthNs < longNs ? this.#choose(this.#figure) : 1
  }

  /** So that in no second many more than wanted are told. */
  #oneInAt(seconds: number): number {
    if (seconds !== this.#second) {
      this.#oneInBefore =
        seconds === this.#second + 1 ? Math.ceil(this.#count / this.#figure) || 1 : 1
      this.#second = seconds
      this.#count = 0
      if (this.#left > 0 && this.#oneInBefore < this.#size) this.#breakOff()
    }
    const soFar = Math.ceil(++this.#count / this.#figure)
    return soFar > this.#oneInBefore ? soFar : this.#oneInBefore
  }

  #choose(oneIn: number): number {
    if (this.#left === 0) {
      this.#size = this.#left = oneIn
      this.#pick = oneIn === 1 ? 0 : (this.#nextRandom() >>> 0) % oneIn
    }
    if (--this.#left !== this.#pick) return 0
    const weight = this.#size + this.#owed
    this.#owed = 0
    return weight
  }

  /** The rest of a large group would come too late where operations have become few. */
  #breakOff(): void {
    const isTold = this.#left <= this.#pick
    if (!isTold) this.#owed += this.#size - this.#left
    this.#left = 0
  }

  #learn(): void {
    const { mode, figure } = this.#rules.ruleOf(this.#name)
    this.#generation = this.#rules.generation
    this.#mode = mode
    this.#figure = figure
    if (this.#left > 0) this.#breakOff()
  }

  /** Marsaglia's xorshift. */
  #nextRandom(): number {
    let random = this.#random
    random ^= random << 13
    random ^= random >>> 17
    random ^= random << 5
    this.#random = random
    return random
  }
}
