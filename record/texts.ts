// Names, types, sites: few of each, so each is written once and known by a number from then on.
import type { Area } from './layout.ts'
import { areaCell } from './layout.ts'

/** A text that is longer is cut. */
const textCharactersMax = 1000
const lengthBytes = 2
/** The number of the text that stands for all that found no room. */
export const overflowText = 1
const overflowName = '(other)'

/** The texts of the thread that records. */
export class TextWriter {
  readonly #area: Area
  readonly #numbers = new Map<string, number>()
  readonly #buffer: Buffer
  readonly #onFull: () => void
  #end = 0
  #count = 0
  #isFull = false

  /** @param onFull called once, when there is no room for more */
  constructor(area: Area, onFull: () => void) {
    const { buffer, byteOffset, byteLength } = area.texts
    this.#area = area
    this.#buffer = Buffer.from(buffer, byteOffset, byteLength)
    this.#onFull = onFull
    // 0 stands for none.
    this.#add('')
    this.#add(overflowName)
  }

  /** The number of a text; 0 for none. */
  numberOf(text: string | undefined): number {
    if (text === undefined) return 0
    const known = this.#numbers.get(text)
    if (known !== undefined) return known
    // The whole of a long one is not kept.
    return text.length > textCharactersMax ? this.numberOf(cut(text)) : this.#add(text)
  }

  #add(text: string): number {
    if (this.#isFull) return overflowText
    const bytes = Buffer.from(text)
    const next = this.#end + lengthBytes + bytes.length
    if (next > this.#buffer.length) {
      this.#isFull = true
      this.#onFull()
      return overflowText
    }
    this.#buffer.writeUInt16LE(bytes.length, this.#end)
    this.#buffer.set(bytes, this.#end + lengthBytes)
    this.#end = next
    Atomics.store(this.#area.header, areaCell.textsEnd, next)
    const number = this.#count++
    this.#numbers.set(text, number)
    return number
  }
}

/** Its beginning, of at most `textCharactersMax` characters. */
function cut(text: string): string {
  // The half of a surrogate pair at its end becomes U+FFFD, as any other half does.
  return text.slice(0, textCharactersMax)
}

/** The texts of an area, as far as they were read. */
export class TextReader {
  readonly #area: Area
  readonly #texts: string[] = []
  readonly #buffer: Buffer
  #end = 0

  constructor(area: Area) {
    const { buffer, byteOffset, byteLength } = area.texts
    this.#area = area
    this.#buffer = Buffer.from(buffer, byteOffset, byteLength)
  }

  textOf(number: number): string {
    if (number >= this.#texts.length) this.#readOn()
    return this.#texts[number] ?? overflowName
  }

  #readOn(): void {
    const end = Atomics.load(this.#area.header, areaCell.textsEnd)
    while (this.#end + lengthBytes <= end) {
      const length = this.#buffer.readUInt16LE(this.#end)
      const start = this.#end + lengthBytes
      this.#texts.push(this.#buffer.toString('utf8', start, start + length))
      this.#end = start + length
    }
  }
}
