// Hot: `readRow` runs for every span. `npm run bench decode`: 650,000 to 760,000 spans/s (390-byte
// spans with 8 attributes, one core of an AMD EPYC, Node 20); protobufjs' objects written as
// JSONEachRow, the simpler form, give 80,000 to 100,000.
//
// It first reads all that may refuse the span (fields located; attributes, events and links into
// their columns), then checks, and only then appends the other columns, so a refused span has few
// columns to take back and a good one few to mark. The fields of the span are kept in the reader
// rather than in an object made for each span.

import {
  exportTraceRequest,
  fixed32,
  shapeOf,
  span,
  spanEvent,
  spanLink,
  spanStatus,
  type WireReader,
} from '@wayward/otlp'
import { createMapColumn, type Dictionary, type NativeBlock } from '@wayward/clickhouse'
import { AnyValueWriter } from './any-value.ts'
import { AttributeList } from './attributes.ts'
import {
  appendId,
  checkId,
  checkOptionalId,
  isOptionalId,
  isZero,
  type RequestTime,
} from './item-checks.ts'
import type { DecodeLimits } from './limits.ts'
import {
  type ItemReader,
  type Range,
  RequestReader,
  type RowReader,
  setRange,
} from './request-reader.ts'
import { ItemRejection, type Tally } from './tally.ts'
import {
  createTracesBlock,
  createTracesColumns,
  spanKinds,
  statusCodes,
  type TracesColumns,
} from './traces-columns.ts'

const spanKindCount = spanKinds.length
const statusCodeCount = statusCodes.length

const spanShape = shapeOf('', span)
const event = shapeOf('events', spanEvent)
const link = shapeOf('links', spanLink)
const statusShape = shapeOf('status', spanStatus)

export class SpanReader implements ItemReader, RowReader {
  readonly block: NativeBlock
  readonly request: RequestReader
  readonly lists: readonly AttributeList[]
  readonly dictionaries: readonly Dictionary[]
  readonly #columns = createTracesColumns()
  /**
   * The stock table has no column for a scope's attributes: they are read, to be checked, into a
   * map of no block.
   */
  readonly #scopeSink = createMapColumn()
  readonly #wire: WireReader
  readonly #tally: Tally
  readonly #time: RequestTime
  readonly #limits: DecodeLimits
  readonly #attributes: AttributeList
  readonly #eventAttributes: AttributeList
  readonly #linkAttributes: AttributeList
  readonly #scope: AttributeList
  #events = 0
  #links = 0
  #eventsTotal = 0
  #linksTotal = 0
  readonly #traceId: Range = { start: 0, end: 0 }
  readonly #spanId: Range = { start: 0, end: 0 }
  readonly #parentSpanId: Range = { start: 0, end: 0 }
  readonly #traceState: Range = { start: 0, end: 0 }
  readonly #name: Range = { start: 0, end: 0 }
  readonly #statusMessage: Range = { start: 0, end: 0 }
  #kind = 0
  /** An event or link refuses the span, and no reason is wanted any more. */
  #isRefused = false
  #statusCode = 0
  #startLow = 0
  #startHigh = 0
  #endLow = 0
  #endHigh = 0

  constructor(wire: WireReader, tally: Tally, time: RequestTime, limits: DecodeLimits) {
    this.#wire = wire
    this.#tally = tally
    this.#time = time
    this.#limits = limits
    const columns = this.#columns
    this.block = createTracesBlock(columns)
    const values = new AnyValueWriter(wire, tally, limits)
    const list = (place: string, map: TracesColumns['spanAttributes']) =>
      new AttributeList({ wire, values, map, attributesMax: limits.attributesMax, place })
    this.#attributes = list('attributes', columns.spanAttributes)
    this.#eventAttributes = list('events.attributes', columns.eventAttributes)
    this.#linkAttributes = list('links.attributes', columns.linkAttributes)
    const resource = list('resource.attributes', columns.resourceAttributes)
    const scope = list('scope.attributes', this.#scopeSink)
    this.request = new RequestReader({
      wire,
      message: exportTraceRequest,
      tally,
      limits,
      resource,
      scope,
      serviceName: columns.serviceName,
    })
    this.#scope = scope
    const indexed = [columns.spanName, columns.serviceName, columns.eventName]
    const maps = [columns.resourceAttributes, columns.spanAttributes]
    const nestedMaps = [columns.eventAttributes, columns.linkAttributes]
    this.dictionaries = [...indexed, ...[...maps, ...nestedMaps].map((map) => map.keys)].map(
      (column) => column.dictionary,
    )
    this.lists = [this.#attributes, this.#eventAttributes, this.#linkAttributes, resource, scope]
  }

  begin(): void {
    this.#eventsTotal = this.#columns.eventName.count
    this.#linksTotal = this.#columns.linkAttributes.rows
    this.#scopeSink.clear()
    this.#scope.reset()
  }

  beginScope(): void {}

  readItem(start: number, end: number): void {
    this.request.readRow(this, start, end, 0)
  }

  readRow(start: number, end: number): boolean {
    const columns = this.#columns
    this.#events = 0
    this.#links = 0
    this.#isRefused = false
    this.#attributes.count = 0
    columns.spanAttributes.mark(1)
    let isCompleted = false
    try {
      this.#readSpan(start, end)
      isCompleted = this.#completeTimes()
      if (!this.#isGood()) {
        this.#takeBack()
        return false
      }
    } catch (error) {
      this.#takeBack()
      throw error
    }
    this.#append()
    if (isCompleted) this.#tally.completed++
    return true
  }

  /**
   * Refusing a span with one of its times helps nobody: it takes that for both, and lasts for no
   * time.
   */
  #completeTimes(): boolean {
    const hasStart = (this.#startLow | this.#startHigh) !== 0
    if (hasStart === ((this.#endLow | this.#endHigh) !== 0)) return false
    if (hasStart) {
      this.#endLow = this.#startLow
      this.#endHigh = this.#startHigh
    } else {
      this.#startLow = this.#endLow
      this.#startHigh = this.#endHigh
    }
    return true
  }

  #takeBack(): void {
    const columns = this.#columns
    columns.spanAttributes.rollback(1)
    this.#attributes.reset()
    if (this.#events > 0) {
      columns.eventTimestamp.rollback(1)
      columns.eventName.rollback(1)
      columns.eventAttributes.rollback(1)
      this.#eventAttributes.reset()
    }
    if (this.#links > 0) {
      columns.linkTraceId.rollback(1)
      columns.linkSpanId.rollback(1)
      columns.linkTraceState.rollback(1)
      columns.linkAttributes.rollback(1)
      this.#linkAttributes.reset()
    }
  }

  #readSpan(start: number, end: number): void {
    const wire = this.#wire
    const traceId = this.#traceId
    const spanId = this.#spanId
    const parentSpanId = this.#parentSpanId
    const traceState = this.#traceState
    const name = this.#name
    const source = wire.source
    this.#clearSpan()
    let p = start
    while (p < end) {
      let tag = source[p++] as number
      if (tag > 127) {
        tag = wire.varint32(p - 1, end, spanShape)
        p = wire.next
      }
      switch (tag) {
        case 0x0a: // trace_id
          traceId.start = wire.delimited(p, end, spanShape)
          p = traceId.end = wire.next
          break
        case 0x12: // span_id
          spanId.start = wire.delimited(p, end, spanShape)
          p = spanId.end = wire.next
          break
        case 0x1a: // trace_state
          traceState.start = wire.delimited(p, end, spanShape)
          p = traceState.end = wire.next
          break
        case 0x22: // parent_span_id
          parentSpanId.start = wire.delimited(p, end, spanShape)
          p = parentSpanId.end = wire.next
          break
        case 0x2a: // name
          name.start = wire.delimited(p, end, spanShape)
          p = name.end = wire.next
          break
        case 0x30: // kind
          wire.varint64(p, end, spanShape)
          this.#kind = wire.low
          p = wire.next
          break
        case 0x39: // start_time_unix_nano
          p = wire.fixed(p, end, 8, spanShape)
          this.#startLow = fixed32(source, p - 8)
          this.#startHigh = fixed32(source, p - 4)
          break
        case 0x41: // end_time_unix_nano
          p = wire.fixed(p, end, 8, spanShape)
          this.#endLow = fixed32(source, p - 8)
          this.#endHigh = fixed32(source, p - 4)
          break
        case 0x4a: {
          // attributes
          const at = wire.delimited(p, end, spanShape)
          p = wire.next
          this.#attributes.add(at, p)
          break
        }
        case 0x50: // dropped_attributes_count
        case 0x60: // dropped_events_count
        case 0x70: // dropped_links_count
          wire.varint64(p, end, spanShape)
          p = wire.next
          break
        case 0x5a: {
          // events
          const at = wire.delimited(p, end, spanShape)
          p = wire.next
          this.#readEvent(at, p)
          break
        }
        case 0x6a: {
          // links
          const at = wire.delimited(p, end, spanShape)
          p = wire.next
          this.#readLink(at, p)
          break
        }
        case 0x7a: {
          // status
          const at = wire.delimited(p, end, spanShape)
          p = wire.next
          this.#readStatus(at, p)
          break
        }
        case 0x85: // flags
          p = wire.fixed(p, end, 4, spanShape)
          break
        default:
          p = wire.skip(tag, p, end, spanShape)
      }
    }
    this.#attributes.writeRow()
  }

  #clearSpan(): void {
    this.#traceId.start = this.#traceId.end = 0
    this.#spanId.start = this.#spanId.end = 0
    this.#parentSpanId.start = this.#parentSpanId.end = 0
    this.#traceState.start = this.#traceState.end = 0
    this.#name.start = this.#name.end = 0
    this.#statusMessage.start = this.#statusMessage.end = 0
    this.#kind = this.#statusCode = 0
    this.#startLow = this.#startHigh = this.#endLow = this.#endHigh = 0
  }

  #readStatus(start: number, end: number): void {
    const wire = this.#wire
    const statusMessage = this.#statusMessage
    let p = start
    while (p < end) {
      const tag = wire.varint32(p, end, statusShape)
      p = wire.next
      if (tag === 0x12) {
        statusMessage.start = wire.delimited(p, end, statusShape)
        p = statusMessage.end = wire.next
      } else if (tag === 0x18) {
        wire.varint64(p, end, statusShape)
        this.#statusCode = wire.low
        p = wire.next
      } else p = wire.skip(tag, p, end, statusShape)
    }
  }

  #readEvent(start: number, end: number): void {
    const wire = this.#wire
    const columns = this.#columns
    const eventAttributes = this.#eventAttributes
    const source = wire.source
    if (this.#events >= this.#limits.eventsMax) refuseMore('events', this.#limits.eventsMax)
    if (this.#events++ === 0) {
      columns.eventTimestamp.mark(1)
      columns.eventName.mark(1)
      columns.eventAttributes.mark(1)
    }
    eventAttributes.count = 0
    let low = 0
    let high = 0
    let nameStart = 0
    let nameEnd = 0
    let p = start
    while (p < end) {
      const tag = wire.varint32(p, end, event)
      p = wire.next
      if (tag === 0x09) {
        p = wire.fixed(p, end, 8, event)
        low = fixed32(source, p - 8)
        high = fixed32(source, p - 4)
      } else if (tag === 0x12) {
        nameStart = wire.delimited(p, end, event)
        p = nameEnd = wire.next
      } else if (tag === 0x1a) {
        const at = wire.delimited(p, end, event)
        p = wire.next
        eventAttributes.add(at, p)
      } else if (tag === 0x20) {
        wire.varint64(p, end, event)
        p = wire.next
      } else p = wire.skip(tag, p, end, event)
    }
    if (!this.#time.isInRange(low, high)) {
      if (!this.#tally.hasReason) this.#time.check('events.time_unix_nano', low, high)
      this.#isRefused = true
    }
    columns.eventTimestamp.append(low, high)
    columns.eventName.appendId(columns.eventName.dictionary.intern(source, nameStart, nameEnd))
    eventAttributes.writeRow()
  }

  #readLink(start: number, end: number): void {
    const wire = this.#wire
    const columns = this.#columns
    const linkAttributes = this.#linkAttributes
    const source = wire.source
    if (this.#links >= this.#limits.linksMax) refuseMore('links', this.#limits.linksMax)
    if (this.#links++ === 0) {
      columns.linkTraceId.mark(1)
      columns.linkSpanId.mark(1)
      columns.linkTraceState.mark(1)
      columns.linkAttributes.mark(1)
    }
    linkAttributes.count = 0
    const traceId: Range = { start: 0, end: 0 }
    const spanId: Range = { start: 0, end: 0 }
    const traceState: Range = { start: 0, end: 0 }
    let p = start
    while (p < end) {
      const tag = wire.varint32(p, end, link)
      p = wire.next
      if (tag === 0x0a || tag === 0x12 || tag === 0x1a || tag === 0x22) {
        const at = wire.delimited(p, end, link)
        p = wire.next
        if (tag === 0x22) linkAttributes.add(at, p)
        else setRange(tag === 0x0a ? traceId : tag === 0x12 ? spanId : traceState, at, p)
      } else if (tag === 0x28) {
        wire.varint64(p, end, link)
        p = wire.next
      } else if (tag === 0x35) p = wire.fixed(p, end, 4, link)
      else p = wire.skip(tag, p, end, link)
    }
    const traceIdBytes = traceId.end - traceId.start
    const spanIdBytes = spanId.end - spanId.start
    if (!isOptionalId(traceIdBytes, 16) || !isOptionalId(spanIdBytes, 8)) {
      if (!this.#tally.hasReason) {
        checkOptionalId('links.trace_id', traceIdBytes, 16)
        checkOptionalId('links.span_id', spanIdBytes, 8)
      }
      this.#isRefused = true
      return
    }
    appendId(columns.linkTraceId, source, traceId.start, traceId.end)
    appendId(columns.linkSpanId, source, spanId.start, spanId.end)
    this.#tally.replaced += columns.linkTraceState.append(source, traceState.start, traceState.end)
    linkAttributes.writeRow()
  }

  /**
   * Whether the span can be stored. Throws the reason only while none is known: a request of
   * millions of bad spans must not cost a text and an exception for each.
   */
  #isGood(): boolean {
    if (!this.#tally.hasReason) {
      this.#check()
      return true
    }
    const { source } = this.#wire
    const traceId = this.#traceId
    const spanId = this.#spanId
    const parentSpanId = this.#parentSpanId
    const time = this.#time
    return (
      !this.#isRefused &&
      traceId.end - traceId.start === 16 &&
      spanId.end - spanId.start === 8 &&
      isOptionalId(parentSpanId.end - parentSpanId.start, 8) &&
      (this.#startLow | this.#startHigh) !== 0 &&
      (this.#endLow | this.#endHigh) !== 0 &&
      time.isInRange(this.#startLow, this.#startHigh) &&
      time.isInRange(this.#endLow, this.#endHigh) &&
      !isZero(source, traceId.start, traceId.end) &&
      !isZero(source, spanId.start, spanId.end) &&
      time.admitsDay(this.#startLow, this.#startHigh)
    )
  }

  #check(): void {
    const { source } = this.#wire
    const traceId = this.#traceId
    const spanId = this.#spanId
    const parentSpanId = this.#parentSpanId
    checkId('trace_id', traceId.end - traceId.start, 16, isZero(source, traceId.start, traceId.end))
    checkId('span_id', spanId.end - spanId.start, 8, isZero(source, spanId.start, spanId.end))
    checkOptionalId('parent_span_id', parentSpanId.end - parentSpanId.start, 8)
    this.#time.checkSet('start_time_unix_nano', this.#startLow, this.#startHigh)
    this.#time.checkSet('end_time_unix_nano', this.#endLow, this.#endHigh)
    this.#time.checkDay(this.#startLow, this.#startHigh)
  }

  /** Appends what cannot refuse the span any more, and so completes its row. */
  #append(): void {
    const columns = this.#columns
    const tally = this.#tally
    const { request } = this
    const { source } = this.#wire
    const traceId = this.#traceId
    const spanId = this.#spanId
    const traceState = this.#traceState
    const name = this.#name
    const statusMessage = this.#statusMessage
    columns.timestamp.append(this.#startLow, this.#startHigh)
    columns.traceId.appendHex(source, traceId.start, traceId.end)
    columns.spanId.appendHex(source, spanId.start, spanId.end)
    appendId(columns.parentSpanId, source, this.#parentSpanId.start, this.#parentSpanId.end)
    tally.replaced += columns.traceState.append(source, traceState.start, traceState.end)
    columns.spanName.appendId(columns.spanName.dictionary.intern(source, name.start, name.end))
    columns.spanKind.appendId(this.#kindId())
    columns.serviceName.appendId(request.serviceId)
    request.resourceRow.appendTo(columns.resourceAttributes)
    const { scopeName, scopeVersion } = request
    tally.replaced += columns.scopeName.append(source, scopeName.start, scopeName.end)
    tally.replaced += columns.scopeVersion.append(source, scopeVersion.start, scopeVersion.end)
    this.#appendDuration()
    columns.statusCode.appendId(this.#statusId())
    tally.replaced += columns.statusMessage.append(source, statusMessage.start, statusMessage.end)
    this.#eventsTotal += this.#events
    this.#linksTotal += this.#links
    columns.eventEnds.append(this.#eventsTotal, 0)
    columns.linkEnds.append(this.#linksTotal, 0)
    this.block.rows++
  }

  #kindId(): number {
    if (this.#kind < spanKindCount) return this.#kind + 1
    this.#tally.warn('A span kind is not one that OTLP knows and is stored as Unspecified')
    return 1
  }

  #statusId(): number {
    if (this.#statusCode < statusCodeCount) return this.#statusCode + 1
    this.#tally.warn('A status code is not one that OTLP knows and is stored as Unset')
    return 1
  }

  #appendDuration(): void {
    const low = this.#endLow - this.#startLow
    const high = this.#endHigh - this.#startHigh - (low < 0 ? 1 : 0)
    if (high >= 0) {
      this.#columns.duration.append(low >>> 0, high)
      return
    }
    this.#tally.warn('A span ends before it starts and is stored with duration 0')
    this.#columns.duration.append(0, 0)
  }
}

function refuseMore(field: string, max: number): never {
  throw new ItemRejection(`${field} has more than ${max} entries, wanted at most ${max}`)
}
