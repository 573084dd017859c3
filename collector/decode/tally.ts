import type { Decoded } from './decoder.ts'

/** One item is refused, for a reason its sender can act on; the rest of the request goes on. */
export class ItemRejection extends Error {}

/** Counts what happens to the items of one request. */
export class Tally {
  readonly #itemName: string
  readonly #messageBytesMax: number
  #items = 0
  #rejected = 0
  #firstReason = ''
  /** Texts that were not valid UTF-8. */
  replaced = 0
  /** Accepted items that lacked a time and took their other one. */
  completed = 0
  readonly #warnings = new Map<string, number>()

  /** @param itemName the field's word for one item: span, log record */
  constructor(itemName: string, messageBytesMax: number) {
    this.#itemName = itemName
    this.#messageBytesMax = messageBytesMax
  }

  begin(): void {
    this.#items = 0
    this.#rejected = 0
    this.#firstReason = ''
    this.replaced = 0
    this.completed = 0
    this.#warnings.clear()
  }

  accept(): void {
    this.#items++
  }

  reject(reason: string): void {
    if (this.#rejected++ === 0) this.#firstReason = `${this.#itemName} ${this.#items}: ${reason}`
    this.#items++
  }

  /** Whether the reason for a first rejection is known, so that further ones need no text. */
  get hasReason(): boolean {
    return this.#rejected > 0
  }

  rejectAgain(): void {
    this.#rejected++
    this.#items++
  }

  /** @param text names what was changed; the message gives it with the number of times */
  warn(text: string): void {
    this.#warnings.set(text, (this.#warnings.get(text) ?? 0) + 1)
  }

  /** @param ignored what of the request was not understood */
  result(ignored?: string): Decoded {
    const result = this.#resultWith(ignored)
    return ignored === undefined ? result : { ...result, ignored }
  }

  #resultWith(ignored: string | undefined): Decoded {
    return {
      status: 'decoded',
      acceptedItems: this.#items - this.#rejected,
      rejectedItems: this.#rejected,
      message: this.#message(ignored),
      ...(this.completed === 0 ? {} : { completedItems: this.completed }),
    }
  }

  #message(ignored: string | undefined): string {
    const hasOwn = this.#rejected + this.replaced + this.completed > 0 || this.#warnings.size > 0
    if (!hasOwn && ignored === undefined) return ''
    const parts: string[] = []
    if (this.#rejected > 0) {
      parts.push(
        `Rejected ${this.#rejected} of ${this.#items} ${this.#itemName}s; first: ${this.#firstReason}`,
      )
    }
    if (this.replaced > 0) {
      parts.push(`Replaced what is not UTF-8 by U+FFFD in ${this.replaced} texts`)
    }
    if (this.completed > 0) {
      parts.push(
        `${this.completed} ${this.#itemName}s have only one of start and end time, and were stored with that for both`,
      )
    }
    if (ignored !== undefined) parts.push(ignored)
    for (const [text, count] of this.#warnings) parts.push(`${text} (${count} times)`)
    return cut(parts.join('. '), this.#messageBytesMax)
  }
}

/** The text within so many bytes of UTF-8. */
export function cut(text: string, bytesMax: number): string {
  const bytes = Buffer.from(text, 'utf8')
  if (bytes.length <= bytesMax) return text
  const whole = bytes.subarray(0, bytesMax - 3).toString('utf8')
  return `${whole.replace(/\uFFFD+$/, '')}…`
}
