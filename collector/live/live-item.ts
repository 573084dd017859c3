// What is reported, as who watches sees it: a row of a block, made as far as it is asked for.
import type { BlockReader, ColumnReader, MapReader } from '@wayward/clickhouse'
import { isMapReader, readBlock } from '@wayward/clickhouse'
import type { NewBlock } from '../journal/journal.ts'
import {
  ATTR_HOST_NAME,
  ATTR_PROCESS_PID,
  ATTR_SERVICE_INSTANCE_ID,
  ATTR_WAYWARD_KIND,
  ATTR_WAYWARD_SESSION_ID,
} from '@wayward/semconv'

/** What an item is. */
export type LiveSignal = 'span' | 'log' | 'metric'

/** An item as it is sent to those who watch. Fields that its signal has not are left out. */
export interface LiveItem {
  /** RFC 3339, UTC, nanoseconds. */
  readonly time: string
  readonly signal: LiveSignal
  /** `wayward.kind`. */
  readonly kind?: string
  readonly service: string
  /** As in the table wayward_sessions. */
  readonly session: string
  /** Of the span, of the event, of the metric. */
  readonly name?: string
  readonly durationNs?: number
  readonly status?: string
  readonly statusMessage?: string
  readonly severity?: string
  readonly body?: string
  /** Of a gauge or a sum; the sum of a histogram. */
  readonly value?: number
  readonly count?: number
  readonly unit?: string
  readonly traceId?: string
  readonly spanId?: string
  readonly parentSpanId?: string
  readonly attributes: Readonly<Record<string, string>>
  readonly resource: Readonly<Record<string, string>>
}

/** Where the fields of a signal lie in its tables. */
interface Form {
  readonly signal: LiveSignal
  readonly time: string
  readonly name: string
  readonly attributes: string
}

const forms: readonly (readonly [table: RegExp, form: Form])[] = [
  [
    /^otel_traces$/,
    { signal: 'span', time: 'Timestamp', name: 'SpanName', attributes: 'SpanAttributes' },
  ],
  [
    /^otel_logs$/,
    { signal: 'log', time: 'Timestamp', name: 'EventName', attributes: 'LogAttributes' },
  ],
  [
    /^otel_metrics_/,
    { signal: 'metric', time: 'TimeUnix', name: 'MetricName', attributes: 'Attributes' },
  ],
]

function formOf(table: string): Form | undefined {
  return forms.find(([pattern]) => pattern.test(table))?.[1]
}

/** Whether the rows of a table are shown to those who watch. */
export function isLive(table: string): boolean {
  return formOf(table) !== undefined
}

/** The rows of a committed block. `row` says which one the other fields are about. */
export class LiveBlock {
  readonly signal: LiveSignal
  readonly rows: number
  row = 0
  readonly #block: BlockReader
  readonly #form: Form
  readonly #attributes: MapReader
  readonly #resource: MapReader
  // What filters ask of each row.
  #service: ColumnReader | undefined
  #name: ColumnReader | undefined
  #duration: ColumnReader | undefined
  #status: ColumnReader | undefined

  /** @param block of a table that `isLive` */
  constructor({ bytes, starts, table }: Pick<NewBlock, 'table' | 'bytes' | 'starts'>) {
    const form = formOf(table)
    if (form === undefined) throw new TypeError(`Rows of ${table} are not shown`)
    this.#form = form
    this.signal = form.signal
    this.#block = readBlock(bytes, starts)
    this.rows = this.#block.rows
    this.#attributes = this.#map(form.attributes)
    this.#resource = this.#map('ResourceAttributes')
  }

  get kind(): string {
    return this.attribute(ATTR_WAYWARD_KIND)
  }

  get service(): string {
    this.#service ??= this.#column('ServiceName')
    return this.#service?.text(this.row) ?? ''
  }

  /** The session, by the rule of the views that fill wayward_sessions. */
  get session(): string {
    const named = this.resourceAttribute(ATTR_WAYWARD_SESSION_ID)
    if (named !== '') return named
    const instance = this.resourceAttribute(ATTR_SERVICE_INSTANCE_ID)
    if (instance !== '') return instance
    const host = this.resourceAttribute(ATTR_HOST_NAME)
    return `${this.service}@${host}:${this.resourceAttribute(ATTR_PROCESS_PID)}`
  }

  get name(): string {
    this.#name ??= this.#column(this.#form.name)
    return this.#name?.text(this.row) ?? ''
  }

  get durationNs(): number {
    this.#duration ??= this.#column('Duration')
    return this.#duration?.number(this.row) ?? 0
  }

  get status(): string {
    this.#status ??= this.#column('StatusCode')
    return this.#status?.text(this.row) ?? ''
  }

  get severity(): number {
    return this.#number('SeverityNumber')
  }

  get body(): string {
    return this.#text('Body')
  }

  get value(): number {
    return this.#column('Value') === undefined ? this.#number('Sum') : this.#number('Value')
  }

  get traceId(): string {
    return this.#text('TraceId')
  }

  get spanId(): string {
    return this.#text('SpanId')
  }

  /** Empty where there is none. */
  attribute(key: string): string {
    return this.#attributes.entry(this.row, key) ?? ''
  }

  /** Empty where there is none. */
  resourceAttribute(key: string): string {
    return this.#resource.entry(this.row, key) ?? ''
  }

  /** The whole item. */
  item(): LiveItem {
    const { kind, name, row, service, session, signal } = this
    return {
      time: toRfc3339(this.#column(this.#form.time)?.value(row)),
      signal,
      ...(kind === '' ? {} : { kind }),
      service,
      session,
      ...(name === '' ? {} : { name }),
      ...this.#ofSignal(),
      ...this.#ids(),
      attributes: this.#attributes.value(row) as Readonly<Record<string, string>>,
      resource: this.#resource.value(row) as Readonly<Record<string, string>>,
    }
  }

  #ofSignal(): Partial<LiveItem> {
    if (this.signal === 'span') {
      const statusMessage = this.#text('StatusMessage')
      return {
        durationNs: this.durationNs,
        status: this.status,
        ...(statusMessage === '' ? {} : { statusMessage }),
      }
    }
    if (this.signal === 'log') {
      const severity = this.#text('SeverityText')
      return { ...(severity === '' ? {} : { severity }), body: this.body }
    }
    const unit = this.#text('MetricUnit')
    return {
      value: this.value,
      ...(this.#column('Count') === undefined ? {} : { count: this.#number('Count') }),
      ...(unit === '' ? {} : { unit }),
    }
  }

  #ids(): Partial<LiveItem> {
    const { spanId, traceId } = this
    const parentSpanId = this.#text('ParentSpanId')
    return {
      ...(traceId === '' ? {} : { traceId }),
      ...(spanId === '' ? {} : { spanId }),
      ...(parentSpanId === '' ? {} : { parentSpanId }),
    }
  }

  #column(name: string): ColumnReader | undefined {
    return this.#block.column(name)
  }

  #map(name: string): MapReader {
    const column = this.#block.column(name)
    if (!isMapReader(column)) throw new TypeError(`The block has no attributes ${name}`)
    return column
  }

  /** Empty where the signal has no such field. */
  #text(name: string): string {
    return this.#block.column(name)?.text(this.row) ?? ''
  }

  /** 0 where the signal has no such field. */
  #number(name: string): number {
    return this.#block.column(name)?.number(this.row) ?? 0
  }
}

function toRfc3339(value: unknown): string {
  const ns = typeof value === 'bigint' ? value : 0n
  const seconds = ns / 1_000_000_000n - (ns < 0n && ns % 1_000_000_000n !== 0n ? 1n : 0n)
  const rest = ns - seconds * 1_000_000_000n
  const whole = new Date(Number(seconds) * 1000).toISOString().slice(0, 19)
  return `${whole}.${String(rest).padStart(9, '0')}Z`
}
