// Columns in ClickHouse's RowBinary become members of JSON objects, without a text or an object
// for any of them. Hot: an export of a million spans has 12 million members
// (`npm run bench -- sessions`). Where ClickHouse wrote the JSON, it took 1.7 s of processor time
// for 100,000 spans; the columns take it 0.5 s.
import type { JsonOut } from './json-out.ts'
import type { Member, MemberKind } from './otlp-json.ts'

/** What is thrown where a row goes on behind the bytes. */
export const cut = new Error('The row goes on')

/** A member, with what is written before it. */
export interface MemberCode {
  readonly kind: MemberKind
  readonly head: Uint8Array
}

/** What a writer wants to know of members. */
export function codesOf(members: readonly Member[]): readonly MemberCode[] {
  return members.map(({ kind, name }) => ({ kind, head: Buffer.from(`"${name}":`) }))
}

const comma = 0x2c
const quote = 0x22
const valueHead = bytesOf('{"stringValue":"')
const valueEnd = bytesOf('"}')
const keyHead = bytesOf('{"key":"')
const keyEnd = bytesOf('","value":{"stringValue":"')
const pairEnd = bytesOf('"}}')

function bytesOf(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text))
}

/** Reads columns and writes members. */
export class MemberWriter {
  readonly #out: JsonOut
  #source: Uint8Array = new Uint8Array(0)
  /** Position of the next byte to read. */
  p = 0
  #isFirst = true

  constructor(out: JsonOut) {
    this.#out = out
  }

  open(source: Uint8Array, at = 0): void {
    this.#source = source
    this.p = at
  }

  /** Writes an object. @throws cut */
  object(members: readonly MemberCode[]): void {
    this.#out.byte(0x7b)
    this.#isFirst = true
    this.members(members)
    this.#out.byte(0x7d)
  }

  /** Writes members behind those that an object has. @throws cut */
  moreMembers(members: readonly MemberCode[]): void {
    this.#isFirst = false
    this.members(members)
  }

  members(members: readonly MemberCode[]): void {
    for (let i = 0; i < members.length; i++) {
      const { kind, head } = members[i] as MemberCode
      switch (kind) {
        case 'text':
          this.#text(head)
          break
        case 'value':
          this.#value(head)
          break
        case 'nano':
          this.#nano(head)
          break
        case 'small':
          this.#small(head)
          break
        case 'attributes':
          this.#attributes(head)
          break
        case 'json':
          this.#json(head)
          break
      }
    }
  }

  /** Steps over columns. @throws cut */
  skip(members: readonly MemberCode[]): void {
    for (let i = 0; i < members.length; i++) {
      const { kind } = members[i] as MemberCode
      if (kind === 'nano') this.take(8)
      else if (kind === 'small') this.take(4)
      else {
        const texts = kind === 'attributes' ? 2 * this.#length() : 1
        for (let n = 0; n < texts; n++) this.take(this.#length())
      }
    }
  }

  /** Steps over bytes and says where they begin. @throws cut */
  take(bytes: number): number {
    const start = this.p
    this.p = start + bytes
    if (this.p > this.#source.length) throw cut
    return start
  }

  #head(head: Uint8Array): void {
    if (this.#isFirst) this.#isFirst = false
    else this.#out.byte(comma)
    this.#out.literal(head)
  }

  #text(head: Uint8Array): void {
    const length = this.#length()
    if (length === 0) return
    const start = this.take(length)
    this.#head(head)
    this.#out.byte(quote)
    this.#out.text(this.#source, start, this.p)
    this.#out.byte(quote)
  }

  #value(head: Uint8Array): void {
    const start = this.take(this.#length())
    this.#head(head)
    this.#out.literal(valueHead)
    this.#out.text(this.#source, start, this.p)
    this.#out.literal(valueEnd)
  }

  #nano(head: Uint8Array): void {
    const at = this.take(8)
    this.#head(head)
    this.#out.byte(quote)
    this.#out.digits(this.#word(at), this.#word(at + 4))
    this.#out.byte(quote)
  }

  #small(head: Uint8Array): void {
    const value = this.#word(this.take(4))
    if (value === 0) return
    this.#head(head)
    this.#out.digits(value, 0)
  }

  #json(head: Uint8Array): void {
    const length = this.#length()
    if (length === 0) return
    const start = this.take(length)
    this.#head(head)
    this.#out.raw(this.#source, start, this.p)
  }

  #attributes(head: Uint8Array): void {
    const count = this.#length()
    if (count === 0) return
    this.#head(head)
    const out = this.#out
    const source = this.#source
    out.byte(0x5b)
    for (let i = 0; i < count; i++) {
      if (i > 0) out.byte(comma)
      out.literal(keyHead)
      const key = this.take(this.#length())
      out.text(source, key, this.p)
      out.literal(keyEnd)
      const value = this.take(this.#length())
      out.text(source, value, this.p)
      out.literal(pairEnd)
    }
    out.byte(0x5d)
  }

  #word(at: number): number {
    const source = this.#source
    return (
      ((source[at] as number) |
        ((source[at + 1] as number) << 8) |
        ((source[at + 2] as number) << 16) |
        ((source[at + 3] as number) << 24)) >>>
      0
    )
  }

  /** A number in 7 bits a byte, of less than 2^32. */
  #length(): number {
    const source = this.#source
    let length = 0
    for (let scale = 1; ; scale *= 128) {
      const byte = source[this.p++]
      if (byte === undefined) throw cut
      length += (byte & 127) * scale
      if (byte < 128) return length
    }
  }
}
