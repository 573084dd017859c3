import { exemplar, fixed32, shapeOf } from '@wayward/otlp'
import type { AttributeList } from './attributes.ts'
import { appendId, checkOptionalId, isOptionalId } from './item-checks.ts'
import type { ExemplarColumns } from './metrics-columns.ts'
import { NumberCell } from './number-cell.ts'
import type { PointParts } from './point-values.ts'
import { clearRange, type Range, setRange } from './request-reader.ts'
import { ItemRejection } from './tally.ts'

const exemplarShape = shapeOf('exemplars', exemplar)

/** Appends the exemplars of one table's points to their nested columns. */
export class ExemplarReader {
  readonly attributes: AttributeList
  /** An exemplar refuses the point, and no reason is wanted any more. */
  isRefused = false
  readonly #parts: PointParts
  readonly #columns: ExemplarColumns
  readonly #exemplarsMax: number
  #count = 0
  readonly #spanId: Range = { start: 0, end: 0 }
  readonly #traceId: Range = { start: 0, end: 0 }
  readonly #value = new NumberCell()

  constructor(parts: PointParts, columns: ExemplarColumns) {
    this.#parts = parts
    this.#columns = columns
    this.#exemplarsMax = parts.limits.exemplarsMax
    this.attributes = parts.list('exemplars.filtered_attributes', columns.attributes)
  }

  begin(): void {
    this.#count = 0
    this.isRefused = false
  }

  read(start: number, end: number): void {
    const columns = this.#columns
    const spanId = this.#spanId
    const traceId = this.#traceId
    const value = this.#value
    const { attributes } = this
    const { wire, tally, time } = this.#parts
    const { source } = wire
    this.#countOne()
    attributes.count = 0
    clearRange(spanId)
    clearRange(traceId)
    value.clear()
    let low = 0
    let high = 0
    let p = start
    while (p < end) {
      const tag = wire.varint32(p, end, exemplarShape)
      p = wire.next
      if (tag === 0x11 || tag === 0x19 || tag === 0x31) {
        p = wire.fixed(p, end, 8, exemplarShape)
        if (tag === 0x19) value.readDouble(source, p - 8)
        else if (tag === 0x31) value.readInteger(source, p - 8)
        else {
          low = fixed32(source, p - 8)
          high = fixed32(source, p - 4)
        }
      } else if (tag === 0x22 || tag === 0x2a || tag === 0x3a) {
        const at = wire.delimited(p, end, exemplarShape)
        p = wire.next
        if (tag === 0x3a) attributes.add(at, p)
        else setRange(tag === 0x22 ? spanId : traceId, at, p)
      } else p = wire.skip(tag, p, end, exemplarShape)
    }
    const spanIdBytes = spanId.end - spanId.start
    const traceIdBytes = traceId.end - traceId.start
    const hasIds = isOptionalId(spanIdBytes, 8) && isOptionalId(traceIdBytes, 16)
    if (!hasIds || !time.isInRange(low, high)) {
      if (!tally.hasReason) {
        checkOptionalId('exemplars.span_id', spanIdBytes, 8)
        checkOptionalId('exemplars.trace_id', traceIdBytes, 16)
        time.check('exemplars.time_unix_nano', low, high)
      }
      this.isRefused = true
      return
    }
    columns.time.append(low, high)
    columns.value.append(value.low, value.high)
    appendId(columns.spanId, source, spanId.start, spanId.end)
    appendId(columns.traceId, source, traceId.start, traceId.end)
    attributes.writeRow()
  }

  #countOne(): void {
    const columns = this.#columns
    const exemplarsMax = this.#exemplarsMax
    if (this.#count >= exemplarsMax) {
      throw new ItemRejection(
        `exemplars has more than ${exemplarsMax} entries, wanted at most ${exemplarsMax}`,
      )
    }
    if (this.#count++ > 0) return
    columns.attributes.mark(1)
    columns.time.mark(1)
    columns.value.mark(1)
    columns.spanId.mark(1)
    columns.traceId.mark(1)
  }

  /** Ends the exemplars of a point. */
  append(): void {
    this.#columns.ends.append(this.#columns.time.count, 0)
  }

  takeBack(): void {
    const columns = this.#columns
    if (this.#count === 0) return
    columns.attributes.rollback(1)
    columns.time.rollback(1)
    columns.value.rollback(1)
    columns.spanId.rollback(1)
    columns.traceId.rollback(1)
    this.attributes.reset()
  }
}
