// Hot: `readRow` runs for every data point, in the same order as for spans: first what may refuse
// the point, then the checks, then the columns that cannot fail. What the kinds have in common is
// read here; the rest is the business of `PointValues`.

import { fixed32, type WireReader } from '@wayward/otlp'
import type { Dictionary, NativeBlock } from '@wayward/clickhouse'
import type { AttributeList } from './attributes.ts'
import { ExemplarReader } from './exemplar-reader.ts'
import type { RequestTime } from './item-checks.ts'
import type { MetricHead } from './metric-head.ts'
import type { ExemplarColumns, PointColumns } from './metrics-columns.ts'
import type { PointParts, PointValues } from './point-values.ts'
import type { Range, RequestReader, RowReader } from './request-reader.ts'
import { translated, TranslatedRow } from './row-template.ts'
import type { TableParts } from './signal-decoder.ts'
import type { Tally } from './tally.ts'

export class PointReader implements RowReader, TableParts {
  readonly table: string
  readonly block: NativeBlock
  readonly lists: readonly AttributeList[]
  readonly dictionaries: readonly Dictionary[]
  readonly #columns: PointColumns
  readonly #values: PointValues
  readonly #exemplars: ExemplarReader | undefined
  readonly #attributes: AttributeList
  readonly #wire: WireReader
  readonly #tally: Tally
  readonly #time: RequestTime
  readonly #request: RequestReader
  readonly #metric: MetricHead
  readonly #serviceSource: Dictionary
  readonly #resourceRow: TranslatedRow
  readonly #scopeRow: TranslatedRow
  readonly #attributesTag: number
  readonly #flagsTag: number
  readonly #exemplarsTag: number
  /** Resource and scope have changed since this table had a metric. */
  #isStale = true
  #serviceId = 0
  #resourceSchemaId = 0
  #scopeSchemaId = 0
  #scopeNameId = 0
  #scopeVersionId = 0
  #nameId = 0
  #descriptionId = 0
  #unitId = 0
  #startLow = 0
  #startHigh = 0
  #timeLow = 0
  #timeHigh = 0
  #flags = 0

  constructor(
    parts: PointParts,
    own: {
      readonly table: string
      readonly block: NativeBlock
      readonly columns: PointColumns
      readonly exemplars: ExemplarColumns | undefined
      readonly values: PointValues
    },
  ) {
    const { request, sources } = parts
    const { columns, values } = own
    this.table = own.table
    this.block = own.block
    this.#columns = columns
    this.#values = values
    this.#wire = parts.wire
    this.#tally = parts.tally
    this.#time = parts.time
    this.#request = request
    this.#metric = parts.metric
    this.#serviceSource = sources.service
    this.#attributesTag = values.tags.attributes
    this.#flagsTag = values.tags.flags
    this.#exemplarsTag = values.tags.exemplars
    this.#attributes = parts.list('attributes', columns.attributes)
    this.#resourceRow = new TranslatedRow(
      request.resourceRow,
      sources.resource,
      columns.resourceAttributes,
    )
    this.#scopeRow = new TranslatedRow(request.scopeRow, sources.scope, columns.scopeAttributes)
    const texts = [columns.metricName, columns.metricDescription, columns.metricUnit]
    const schemas = [columns.resourceSchemaUrl, columns.scopeSchemaUrl]
    const scope = [columns.scopeName, columns.scopeVersion, columns.attributes.keys]
    this.dictionaries = [...texts, ...schemas, ...scope].map((column) => column.dictionary)
    this.lists = [this.#attributes]
    if (own.exemplars === undefined) return
    this.#exemplars = new ExemplarReader(parts, own.exemplars)
    this.dictionaries = [...this.dictionaries, own.exemplars.attributes.keys.dictionary]
    this.lists = [this.#attributes, this.#exemplars.attributes]
  }

  beginScope(): void {
    this.#isStale = true
  }

  /** Takes over what the points of the metric repeat. */
  beginMetric(): void {
    const columns = this.#columns
    const request = this.#request
    const metric = this.#metric
    // What was refused may be incomplete; none of its points becomes a row.
    if (request.isRefused) return
    if (this.#isStale) {
      this.#isStale = false
      this.#resourceRow.update()
      this.#scopeRow.update()
      const services = columns.serviceName.dictionary
      this.#serviceId = translated(request.serviceId, this.#serviceSource, services)
      this.#resourceSchemaId = this.#idOf(columns.resourceSchemaUrl, request.resourceSchemaUrl)
      this.#scopeSchemaId = this.#idOf(columns.scopeSchemaUrl, request.scopeSchemaUrl)
      this.#scopeNameId = this.#idOf(columns.scopeName, request.scopeName)
      this.#scopeVersionId = this.#idOf(columns.scopeVersion, request.scopeVersion)
    }
    this.#nameId = this.#idOf(columns.metricName, metric.name)
    this.#descriptionId = this.#idOf(columns.metricDescription, metric.description)
    this.#unitId = this.#idOf(columns.metricUnit, metric.unit)
  }

  #idOf({ dictionary }: { readonly dictionary: Dictionary }, text: Range): number {
    return dictionary.intern(this.#wire.source, text.start, text.end)
  }

  readRow(start: number, end: number): boolean {
    const values = this.#values
    const exemplars = this.#exemplars
    this.#startLow = this.#startHigh = this.#timeLow = this.#timeHigh = this.#flags = 0
    this.#attributes.count = 0
    this.#columns.attributes.mark(1)
    exemplars?.begin()
    values.begin()
    try {
      this.#readPoint(start, end)
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
    this.#columns.attributes.rollback(1)
    this.#attributes.reset()
    this.#exemplars?.takeBack()
    this.#values.takeBack()
  }

  #readPoint(start: number, end: number): void {
    const wire = this.#wire
    const values = this.#values
    const exemplars = this.#exemplars
    const { source } = wire
    const { shape } = values
    let p = start
    while (p < end) {
      let tag = source[p++] as number
      if (tag > 127) {
        tag = wire.varint32(p - 1, end, shape)
        p = wire.next
      }
      if (tag === this.#attributesTag) {
        const at = wire.delimited(p, end, shape)
        p = wire.next
        this.#attributes.add(at, p)
      } else if (tag === 0x11) {
        // start_time_unix_nano
        p = wire.fixed(p, end, 8, shape)
        this.#startLow = fixed32(source, p - 8)
        this.#startHigh = fixed32(source, p - 4)
      } else if (tag === 0x19) {
        // time_unix_nano
        p = wire.fixed(p, end, 8, shape)
        this.#timeLow = fixed32(source, p - 8)
        this.#timeHigh = fixed32(source, p - 4)
      } else if (tag === this.#flagsTag) {
        wire.varint64(p, end, shape)
        this.#flags = wire.low
        p = wire.next
      } else if (exemplars !== undefined && tag === this.#exemplarsTag) {
        const at = wire.delimited(p, end, shape)
        p = wire.next
        exemplars.read(at, p)
      } else p = values.readField(tag, p, end)
    }
    this.#attributes.writeRow()
  }

  /** Whether the point can be stored. Throws the reason only while none is known, as for spans. */
  #isGood(): boolean {
    const time = this.#time
    if (!this.#tally.hasReason) {
      time.check('start_time_unix_nano', this.#startLow, this.#startHigh)
      time.checkSet('time_unix_nano', this.#timeLow, this.#timeHigh)
      this.#values.check()
      time.checkDay(this.#timeLow, this.#timeHigh)
      return true
    }
    return (
      (this.#timeLow | this.#timeHigh) !== 0 &&
      time.isInRange(this.#startLow, this.#startHigh) &&
      time.isInRange(this.#timeLow, this.#timeHigh) &&
      this.#exemplars?.isRefused !== true &&
      this.#values.isGood() &&
      time.admitsDay(this.#timeLow, this.#timeHigh)
    )
  }

  /** Appends what cannot refuse the point any more, and so completes its row. */
  #append(): void {
    const columns = this.#columns
    const request = this.#request
    this.#resourceRow.append()
    columns.resourceSchemaUrl.appendId(this.#resourceSchemaId)
    columns.scopeName.appendId(this.#scopeNameId)
    columns.scopeVersion.appendId(this.#scopeVersionId)
    this.#scopeRow.append()
    columns.scopeDropped.append(request.scopeDropped)
    columns.scopeSchemaUrl.appendId(this.#scopeSchemaId)
    columns.serviceName.appendId(this.#serviceId)
    columns.metricName.appendId(this.#nameId)
    columns.metricDescription.appendId(this.#descriptionId)
    columns.metricUnit.appendId(this.#unitId)
    columns.startTime.append(this.#startLow, this.#startHigh)
    columns.time.append(this.#timeLow, this.#timeHigh)
    columns.flags.append(this.#flags)
    this.#values.append(this.#flags)
    this.#exemplars?.append()
    this.block.rows++
  }
}
