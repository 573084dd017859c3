// Trace and span ids, as whole numbers of 32 bits: four of a trace, two of a span. They become text
// only where somebody asks for a context.
import { cell, flag } from '@wayward/record'
import { randomFillSync } from 'node:crypto'
import { type Context, ROOT_CONTEXT, type SpanContext, trace } from '@opentelemetry/api'
import { RecordedSpan } from './recorded-span.ts'

/** What is the parent of what begins: recorded itself, or a span. */
export type Parent = RecordedSpan | SpanContext

const sampled = 1

/** The cells of 32 bits of records. */
type Cells = Int32Array

/** Makes the ids of what is recorded. */
export class TraceIds {
  readonly #state = randomFillSync(new Int32Array(4))
  /** The parent that was read last: what is recorded often has the same as what came before. */
  readonly #parent = new Int32Array(6)
  #parentRead: Parent | undefined
  #parentFlags = 0

  constructor() {
    // All zeros would stay so.
    if (this.#state.every((word) => word === 0)) this.#state[0] = 1
  }

  /**
   * Writes the trace and the parent of what begins, and its own id if it `hasOwn`. What has neither
   * a parent nor an own id has no trace.
   */
  write(cells: Cells, at: number, parent: Parent | undefined, hasOwn: boolean): void {
    if (parent !== undefined && parent !== this.#parentRead) this.#read(parent)
    if (parent === undefined || this.#parentFlags === -1) this.#writeRoot(cells, at, hasOwn)
    else {
      const words = this.#parent
      for (let word = 0; word < 4; word++) {
        cells[at + cell.traceId + word] = words[word] as number
      }
      cells[at + cell.parentSpanId] = words[4] as number
      cells[at + cell.parentSpanId + 1] = words[5] as number
      cells[at + cell.flags] = this.#parentFlags
    }
    if (hasOwn) this.#writeSpanId(cells, at)
    else cells[at + cell.spanId] = cells[at + cell.spanId + 1] = 0
  }

  /** Gives what has none an id of its own, and a trace. */
  writeOwn(cells: Cells, at: number): void {
    let words = 0
    for (let word = 0; word < 4; word++) words |= cells[at + cell.traceId + word] as number
    if (words === 0) this.#writeTraceId(cells, at)
    this.#writeSpanId(cells, at)
  }

  #writeSpanId(cells: Cells, at: number): void {
    // Zero is no id.
    cells[at + cell.spanId] = this.#next() || 1
    cells[at + cell.spanId + 1] = this.#next()
  }

  #writeTraceId(cells: Cells, at: number): void {
    cells[at + cell.traceId] = this.#next() || 1
    for (let word = 1; word < 4; word++) cells[at + cell.traceId + word] = this.#next()
  }

  #writeRoot(cells: Cells, at: number, hasOwn: boolean): void {
    if (hasOwn) this.#writeTraceId(cells, at)
    else for (let word = 0; word < 4; word++) cells[at + cell.traceId + word] = 0
    cells[at + cell.parentSpanId] = cells[at + cell.parentSpanId + 1] = 0
    cells[at + cell.flags] = sampled
  }

  #read(parent: Parent): void {
    this.#parentRead = parent
    if (parent instanceof RecordedSpan) {
      const words = this.#parent
      words[0] = parent.traceId0
      words[1] = parent.traceId1
      words[2] = parent.traceId2
      words[3] = parent.traceId3
      words[4] = parent.spanId0
      words[5] = parent.spanId1
      this.#parentFlags = parent.flags
      return
    }
    const { traceId, spanId, traceFlags, isRemote } = parent
    for (let word = 0; word < 4; word++) this.#parent[word] = parseHex(traceId, word * 8)
    for (let word = 0; word < 2; word++) this.#parent[4 + word] = parseHex(spanId, word * 8)
    const isValid = this.#parent.some((word, at) => at < 4 && word !== 0)
    this.#parentFlags = isValid
      ? (traceFlags & 0xff) | (isRemote === true ? flag.isParentRemote : 0)
      : -1
  }

  /** xoshiro128 with its plain sum: fast, and good enough for what need only be unlike others. */
  #next(): number {
    const state = this.#state
    const first = state[0] as number
    const second = state[1] as number
    const result = (first + (state[3] as number)) | 0
    const third = (state[2] as number) ^ first
    const fourth = (state[3] as number) ^ second
    state[1] = second ^ third
    state[0] = first ^ fourth
    state[2] = third ^ (second << 9)
    state[3] = (fourth << 11) | (fourth >>> 21)
    return result
  }
}

/** The span that is active in a context. */
export function parentOf(context: Context): Parent | undefined {
  if (context === ROOT_CONTEXT) return undefined
  const span = trace.getSpan(context)
  return span instanceof RecordedSpan ? span : span?.spanContext()
}

/** Eight digits of a text; what is none counts as 0. */
function parseHex(text: string, from: number): number {
  let value = 0
  for (let at = from; at < from + 8; at++) {
    const code = text.charCodeAt(at)
    let digit = 0
    if (code >= 48 && code <= 57) digit = code - 48
    else if (code >= 97 && code <= 102) digit = code - 87
    else if (code >= 65 && code <= 70) digit = code - 55
    value = (value << 4) | digit
  }
  return value
}
