// Hot: `readRow` runs for every log record, in the same order as for spans: first what may refuse
// the record, then the checks, then the columns that cannot fail.

import { exportLogsRequest, fixed32, logRecord, shapeOf, type WireReader } from '@wayward/otlp'
import type { Dictionary, NativeBlock } from '@wayward/clickhouse'
import { AnyValueWriter } from './any-value.ts'
import { AttributeList } from './attributes.ts'
import { appendId, checkOptionalId, isOptionalId, type RequestTime } from './item-checks.ts'
import type { DecodeLimits } from './limits.ts'
import { createLogsBlock, createLogsColumns, type LogsColumns } from './logs-columns.ts'
import {
  clearRange,
  type ItemReader,
  type Range,
  RequestReader,
  type RowReader,
} from './request-reader.ts'
import type { Tally } from './tally.ts'

const log = shapeOf('', logRecord)

export class LogReader implements ItemReader, RowReader {
  readonly block: NativeBlock
  readonly request: RequestReader
  readonly lists: readonly AttributeList[]
  readonly dictionaries: readonly Dictionary[]
  readonly #columns = createLogsColumns()
  readonly #wire: WireReader
  readonly #tally: Tally
  readonly #time: RequestTime
  readonly #values: AnyValueWriter
  readonly #attributes: AttributeList
  readonly #traceId: Range = { start: 0, end: 0 }
  readonly #spanId: Range = { start: 0, end: 0 }
  readonly #severityText: Range = { start: 0, end: 0 }
  readonly #body: Range = { start: 0, end: 0 }
  readonly #eventName: Range = { start: 0, end: 0 }
  #severity = 0
  #flags = 0
  #timeLow = 0
  #timeHigh = 0
  #observedLow = 0
  #observedHigh = 0
  #resourceSchemaId = 0
  #scopeSchemaId = 0
  #scopeVersionId = 0

  constructor(wire: WireReader, tally: Tally, time: RequestTime, limits: DecodeLimits) {
    this.#wire = wire
    this.#tally = tally
    this.#time = time
    const columns = this.#columns
    this.block = createLogsBlock(columns)
    this.#values = new AnyValueWriter(wire, tally, limits)
    const values = this.#values
    const list = (place: string, map: LogsColumns['logAttributes']) =>
      new AttributeList({ wire, values, map, attributesMax: limits.attributesMax, place })
    this.#attributes = list('attributes', columns.logAttributes)
    const resource = list('resource.attributes', columns.resourceAttributes)
    const scope = list('scope.attributes', columns.scopeAttributes)
    this.request = new RequestReader({
      wire,
      message: exportLogsRequest,
      tally,
      limits,
      resource,
      scope,
      serviceName: columns.serviceName,
    })
    const indexed = [columns.severityText, columns.serviceName, columns.resourceSchemaUrl]
    const scoped = [columns.scopeSchemaUrl, columns.scopeVersion]
    const maps = [columns.resourceAttributes, columns.scopeAttributes, columns.logAttributes]
    this.dictionaries = [...indexed, ...scoped, ...maps.map((map) => map.keys)].map(
      (column) => column.dictionary,
    )
    this.lists = [this.#attributes, resource, scope]
  }

  begin(): void {}

  beginScope(): void {
    const columns = this.#columns
    const { request } = this
    const { source } = this.#wire
    const { resourceSchemaUrl, scopeSchemaUrl, scopeVersion } = request
    this.#resourceSchemaId = columns.resourceSchemaUrl.dictionary.intern(
      source,
      resourceSchemaUrl.start,
      resourceSchemaUrl.end,
    )
    this.#scopeSchemaId = columns.scopeSchemaUrl.dictionary.intern(
      source,
      scopeSchemaUrl.start,
      scopeSchemaUrl.end,
    )
    this.#scopeVersionId = columns.scopeVersion.dictionary.intern(
      source,
      scopeVersion.start,
      scopeVersion.end,
    )
  }

  readItem(start: number, end: number): void {
    this.request.readRow(this, start, end, 0)
  }

  readRow(start: number, end: number): boolean {
    const columns = this.#columns
    this.#clearLog()
    columns.logAttributes.mark(1)
    columns.body.mark(1)
    try {
      this.#readLog(start, end)
      if (!this.#isGood()) {
        this.#takeBack()
        return false
      }
    } catch (error) {
      this.#takeBack()
      throw error
    }
    this.#append()
    return true
  }

  #takeBack(): void {
    this.#columns.logAttributes.rollback(1)
    this.#columns.body.rollback(1)
    this.#attributes.reset()
  }

  #clearLog(): void {
    this.#attributes.count = 0
    clearRange(this.#traceId)
    clearRange(this.#spanId)
    clearRange(this.#severityText)
    clearRange(this.#body)
    clearRange(this.#eventName)
    this.#severity = this.#flags = 0
    this.#timeLow = this.#timeHigh = this.#observedLow = this.#observedHigh = 0
  }

  #readLog(start: number, end: number): void {
    const wire = this.#wire
    const traceId = this.#traceId
    const spanId = this.#spanId
    const body = this.#body
    const source = wire.source
    let p = start
    while (p < end) {
      let tag = source[p++] as number
      if (tag > 127) {
        tag = wire.varint32(p - 1, end, log)
        p = wire.next
      }
      switch (tag) {
        case 0x09: // time_unix_nano
          p = wire.fixed(p, end, 8, log)
          this.#timeLow = fixed32(source, p - 8)
          this.#timeHigh = fixed32(source, p - 4)
          break
        case 0x10: // severity_number
          wire.varint64(p, end, log)
          this.#severity = wire.low
          p = wire.next
          break
        case 0x1a: // severity_text
          this.#severityText.start = wire.delimited(p, end, log)
          p = this.#severityText.end = wire.next
          break
        case 0x2a: // body
          body.start = wire.delimited(p, end, log)
          p = body.end = wire.next
          break
        case 0x32: {
          // attributes
          const at = wire.delimited(p, end, log)
          p = wire.next
          this.#attributes.add(at, p)
          break
        }
        case 0x38: // dropped_attributes_count
          wire.varint64(p, end, log)
          p = wire.next
          break
        case 0x45: // flags
          p = wire.fixed(p, end, 4, log)
          this.#flags = fixed32(source, p - 4)
          break
        case 0x4a: // trace_id
          traceId.start = wire.delimited(p, end, log)
          p = traceId.end = wire.next
          break
        case 0x52: // span_id
          spanId.start = wire.delimited(p, end, log)
          p = spanId.end = wire.next
          break
        case 0x59: // observed_time_unix_nano
          p = wire.fixed(p, end, 8, log)
          this.#observedLow = fixed32(source, p - 8)
          this.#observedHigh = fixed32(source, p - 4)
          break
        case 0x62: // event_name
          this.#eventName.start = wire.delimited(p, end, log)
          p = this.#eventName.end = wire.next
          break
        default:
          p = wire.skip(tag, p, end, log)
      }
    }
    this.#attributes.writeRow()
    this.#values.write(body.start, body.end, this.#columns.body)
  }

  /** Whether the record can be stored. Throws the reason only while none is known, as for spans. */
  #isGood(): boolean {
    if (!this.#tally.hasReason) {
      this.#check()
      return true
    }
    const traceId = this.#traceId
    const spanId = this.#spanId
    const time = this.#time
    return (
      isOptionalId(traceId.end - traceId.start, 16) &&
      isOptionalId(spanId.end - spanId.start, 8) &&
      time.isInRange(this.#timeLow, this.#timeHigh) &&
      time.isInRange(this.#observedLow, this.#observedHigh) &&
      (this.#isTimeSet()
        ? time.admitsDay(this.#timeLow, this.#timeHigh)
        : time.admitsDay(this.#observedLow, this.#observedHigh))
    )
  }

  #check(): void {
    const traceId = this.#traceId
    const spanId = this.#spanId
    const time = this.#time
    checkOptionalId('trace_id', traceId.end - traceId.start, 16)
    checkOptionalId('span_id', spanId.end - spanId.start, 8)
    time.check('time_unix_nano', this.#timeLow, this.#timeHigh)
    time.check('observed_time_unix_nano', this.#observedLow, this.#observedHigh)
    if (this.#isTimeSet()) time.checkDay(this.#timeLow, this.#timeHigh)
    else time.checkDay(this.#observedLow, this.#observedHigh)
  }

  /** Appends what cannot refuse the record any more, and so completes its row. */
  #append(): void {
    const columns = this.#columns
    const tally = this.#tally
    const severityText = this.#severityText
    const eventName = this.#eventName
    const { request } = this
    const { source } = this.#wire
    this.#appendTime()
    appendId(columns.traceId, source, this.#traceId.start, this.#traceId.end)
    appendId(columns.spanId, source, this.#spanId.start, this.#spanId.end)
    columns.traceFlags.append(this.#flags & 255)
    const severities = columns.severityText
    severities.appendId(severities.dictionary.intern(source, severityText.start, severityText.end))
    columns.severityNumber.append(this.#severityCell())
    columns.serviceName.appendId(request.serviceId)
    columns.resourceSchemaUrl.appendId(this.#resourceSchemaId)
    request.resourceRow.appendTo(columns.resourceAttributes)
    columns.scopeSchemaUrl.appendId(this.#scopeSchemaId)
    const { scopeName } = request
    tally.replaced += columns.scopeName.append(source, scopeName.start, scopeName.end)
    columns.scopeVersion.appendId(this.#scopeVersionId)
    request.scopeRow.appendTo(columns.scopeAttributes)
    tally.replaced += columns.eventName.append(source, eventName.start, eventName.end)
    this.block.rows++
  }

  #appendTime(): void {
    const columns = this.#columns
    const time = this.#time
    if (this.#isTimeSet()) columns.timestamp.append(this.#timeLow, this.#timeHigh)
    else if ((this.#observedLow | this.#observedHigh) !== 0) {
      columns.timestamp.append(this.#observedLow, this.#observedHigh)
    } else {
      columns.timestamp.append(time.nowLow, time.nowHigh)
      time.isUsed = true
    }
  }

  #isTimeSet(): boolean {
    return (this.#timeLow | this.#timeHigh) !== 0
  }

  #severityCell(): number {
    if (this.#severity < 256) return this.#severity
    this.#tally.warn('A severity number is not between 0 and 255 and is stored as 0')
    return 0
  }
}
