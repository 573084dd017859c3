import { cell } from '@wayward/record'
// The span of what is recorded, for those who make others its children. It takes nothing: what is
// to be said of the operation, its reporter says.
import type { Context, Span, SpanContext } from '@opentelemetry/api'

const hexDigits = 8

/** The mark of an operation whose context was asked for, or that has no slot. */
export class RecordedSpan implements Span {
  readonly slot: number
  context: Context | undefined = undefined
  /** Somebody may have made another its child: it is told, whatever else is left out. */
  isAsked = false
  // As fields: an array of its own would cost more than the rest.
  readonly traceId0: number
  readonly traceId1: number
  readonly traceId2: number
  readonly traceId3: number
  readonly spanId0: number
  readonly spanId1: number
  readonly flags: number
  #spanContext: SpanContext | undefined

  /** @param at where the record is whose ids it has */
  constructor(slot: number, cells: Int32Array, at: number) {
    this.slot = slot
    this.traceId0 = cells[at + cell.traceId] as number
    this.traceId1 = cells[at + cell.traceId + 1] as number
    this.traceId2 = cells[at + cell.traceId + 2] as number
    this.traceId3 = cells[at + cell.traceId + 3] as number
    this.spanId0 = cells[at + cell.spanId] as number
    this.spanId1 = cells[at + cell.spanId + 1] as number
    this.flags = (cells[at + cell.flags] as number) & 0xff
  }

  spanContext(): SpanContext {
    this.isAsked = true
    this.#spanContext ??= {
      traceId: [this.traceId0, this.traceId1, this.traceId2, this.traceId3].map(hexOf).join(''),
      spanId: hexOf(this.spanId0) + hexOf(this.spanId1),
      traceFlags: this.flags,
    }
    return this.#spanContext
  }

  /** Writes its ids into a record. */
  writeIds(cells: Int32Array, at: number): void {
    cells[at + cell.traceId] = this.traceId0
    cells[at + cell.traceId + 1] = this.traceId1
    cells[at + cell.traceId + 2] = this.traceId2
    cells[at + cell.traceId + 3] = this.traceId3
    cells[at + cell.spanId] = this.spanId0
    cells[at + cell.spanId + 1] = this.spanId1
  }

  isRecording(): boolean {
    return false
  }

  end(): void {
    // Its operation ends it.
  }

  recordException(): void {
    // As of a span that has ended.
  }

  setAttribute(): this {
    return this
  }

  setAttributes(): this {
    return this
  }

  addEvent(): this {
    return this
  }

  addLink(): this {
    return this
  }

  addLinks(): this {
    return this
  }

  setStatus(): this {
    return this
  }

  updateName(): this {
    return this
  }
}

function hexOf(word: number): string {
  return (word >>> 0).toString(16).padStart(hexDigits, '0')
}
