// The outer levels, which all signals share: request → resource → scope → item. Fields may come
// in any order, so each level is walked twice: first for what belongs to all its items (resource,
// schema, scope), then for the items. The walk steps over the items by their length; their bytes
// are read once.

import assert from 'node:assert/strict'
import {
  type Message,
  type MessageShape,
  resource,
  scope,
  shapeOf,
  type WireReader,
} from '@wayward/otlp'
import type { LowCardinalityColumn, StringColumn } from '@wayward/clickhouse'
import { createStringColumn } from '@wayward/clickhouse'
import { ATTR_SERVICE_NAME } from '@wayward/semconv'
import type { AttributeList } from './attributes.ts'
import type { DecodeLimits } from './limits.ts'
import { RowTemplate } from './row-template.ts'
import { ItemRejection, type Tally } from './tally.ts'

const serviceNameKey = Buffer.from(ATTR_SERVICE_NAME)
const resourceShape = shapeOf('resource', resource)
const scopeShape = shapeOf('scope', scope)

/** The fields that hold the next level, in each signal's messages. */
const resourceGroups = 1
const scopeGroups = 2

/** What a signal does with its items. */
export interface ItemReader {
  /** Called before the first item of a request. */
  begin(): void
  /** Called when resource and scope are known, before the first item of a scope. */
  beginScope(): void
  /**
   * Reads what a scope repeats, in `[start, end)`: an item, or a metric with items of its own. Each
   * item goes through `RequestReader.readRow`.
   */
  readItem(start: number, end: number): void
}

/** Makes rows of items. */
export interface RowReader {
  /**
   * Appends the item in `[start, end)` as a row. Refused, it takes back what it appended; the first
   * time it throws ItemRejection with the reason, later it may return false.
   */
  readRow(start: number, end: number): boolean
}

/** Bytes `[start, end)` of the request. */
export interface Range {
  start: number
  end: number
}

export class RequestReader {
  /** The attributes of the current resource and scope, ready to be copied into rows. */
  readonly resourceRow = new RowTemplate(createStringColumn())
  readonly scopeRow = new RowTemplate(createStringColumn())
  readonly resourceSchemaUrl: Range = { start: 0, end: 0 }
  readonly scopeSchemaUrl: Range = { start: 0, end: 0 }
  readonly scopeName: Range = { start: 0, end: 0 }
  readonly scopeVersion: Range = { start: 0, end: 0 }
  /** Id of the service's name in the dictionary of its column. */
  serviceId = 0
  /** Attributes of the scope that its process left out. */
  scopeDropped = 0
  readonly #wire: WireReader
  /** The three levels whose items differ by signal: request, resource group, scope group. */
  readonly #requestShape: MessageShape
  readonly #groupShape: MessageShape
  readonly #scopeGroupShape: MessageShape
  readonly #tally: Tally
  readonly #limits: DecodeLimits
  readonly #resource: AttributeList
  readonly #scope: AttributeList
  readonly #serviceName: LowCardinalityColumn
  readonly #service: StringColumn = createStringColumn()
  #copiedBytes = 0
  #copiedBytesPerRow = 0
  readonly #copiedRefusal: string
  #resourceRefusal = ''
  #scopeRefusal = ''

  constructor(settings: {
    readonly wire: WireReader
    /** The signal's request. */
    readonly message: Message
    readonly tally: Tally
    readonly limits: DecodeLimits
    readonly resource: AttributeList
    readonly scope: AttributeList
    readonly serviceName: LowCardinalityColumn
  }) {
    this.#wire = settings.wire
    const { message } = settings
    this.#requestShape = shapeOf('', message)
    this.#groupShape = shapeOf('', heldBy(message, resourceGroups))
    this.#scopeGroupShape = shapeOf('', heldBy(heldBy(message, resourceGroups), scopeGroups))
    this.#tally = settings.tally
    this.#limits = settings.limits
    this.#resource = settings.resource
    this.#scope = settings.scope
    this.#serviceName = settings.serviceName
    const max = settings.limits.copiedBytesMax
    this.#copiedRefusal =
      `what rows repeat of resources, scopes and metrics takes more than ${max} bytes, ` +
      `wanted at most ${max}; send fewer items per request or a smaller resource`
  }

  /** Whether the items of the current scope are refused for what resource or scope hold. */
  get isRefused(): boolean {
    return this.#scopeRefusal !== ''
  }

  /** Gives every item of the request to `items`. @throws MalformedError */
  read(source: Uint8Array, items: ItemReader): void {
    const wire = this.#wire
    wire.open(source)
    items.begin()
    this.#copiedBytes = 0
    const end = source.length
    let p = 0
    while (p < end) {
      const tag = wire.varint32(p, end, this.#requestShape)
      p = wire.next
      if (tag === 0x0a) {
        wire.indexes[0]++
        const start = wire.delimited(p, end, this.#requestShape)
        p = wire.next
        this.#readGroup(start, p, items)
        wire.indexes[1] = -1
      } else p = wire.skip(tag, p, end, this.#requestShape)
    }
  }

  #readGroup(start: number, end: number, items: ItemReader): void {
    const wire = this.#wire
    if (start === end) return
    this.#resourceRefusal = ''
    clearRange(this.resourceSchemaUrl)
    this.#resource.count = 0
    for (let p = start; p < end; p = wire.next) {
      const tag = wire.varint32(p, end, this.#groupShape)
      p = wire.next
      if (tag !== 0x0a && tag !== 0x12 && tag !== 0x1a) {
        wire.next = wire.skip(tag, p, end, this.#groupShape)
        continue
      }
      const at = wire.delimited(p, end, this.#groupShape)
      const after = wire.next
      if (tag === 0x0a) this.#readResource(at, after)
      if (tag === 0x1a) setRange(this.resourceSchemaUrl, at, after)
      wire.next = after
    }
    this.#finishResource()
    for (let p = start; p < end; p = wire.next) {
      const tag = wire.varint32(p, end, this.#groupShape)
      p = wire.next
      if (tag !== 0x12) {
        wire.next = wire.skip(tag, p, end, anyShape)
        continue
      }
      wire.indexes[1]++
      const at = wire.delimited(p, end, this.#groupShape)
      const after = wire.next
      this.#readScopeGroup(at, after, items)
      wire.next = after
      wire.indexes[2] = -1
    }
  }

  /** A resource that comes in several pieces is one resource: protobuf merges them. */
  #readResource(start: number, end: number): void {
    const wire = this.#wire
    let p = start
    while (p < end) {
      const tag = wire.varint32(p, end, resourceShape)
      p = wire.next
      if (tag === 0x0a) {
        const at = wire.delimited(p, end, resourceShape)
        p = wire.next
        if (this.#resourceRefusal === '') {
          this.#resourceRefusal = refusalOf(() => this.#resource.add(at, p))
        }
      } else if (tag === 0x10) {
        wire.varint64(p, end, resourceShape)
        p = wire.next
      } else p = wire.skip(tag, p, end, resourceShape)
    }
  }

  #finishResource(): void {
    this.serviceId = 0
    if (this.#resourceRefusal !== '') return
    this.#resourceRefusal = refusalOf(() => {
      this.#service.clear()
      if (this.#resource.writeValueOf(serviceNameKey, this.#service)) {
        const cell = this.#service.encoded()
        let start = 0
        while ((cell[start] as number) > 127) start++
        this.serviceId = this.#serviceName.dictionary.intern(cell, start + 1, cell.length)
      }
      this.#resource.writeRowTemplate(this.resourceRow)
    })
  }

  #readScopeGroup(start: number, end: number, items: ItemReader): void {
    if (start === end) return
    const wire = this.#wire
    this.#beginScope()
    for (let p = start; p < end; p = wire.next) {
      const tag = wire.varint32(p, end, this.#scopeGroupShape)
      p = wire.next
      if (tag !== 0x0a && tag !== 0x12 && tag !== 0x1a) {
        wire.next = wire.skip(tag, p, end, this.#scopeGroupShape)
        continue
      }
      const at = wire.delimited(p, end, this.#scopeGroupShape)
      const after = wire.next
      if (tag === 0x0a) this.#readScope(at, after)
      if (tag === 0x1a) setRange(this.scopeSchemaUrl, at, after)
      wire.next = after
    }
    if (this.#scopeRefusal === '') {
      this.#scopeRefusal = refusalOf(() => this.#scope.writeRowTemplate(this.scopeRow))
    }
    this.#readItems(start, end, items)
  }

  #beginScope(): void {
    this.#scopeRefusal = this.#resourceRefusal
    this.#scope.count = 0
    clearRange(this.scopeSchemaUrl)
    clearRange(this.scopeName)
    clearRange(this.scopeVersion)
    this.scopeDropped = 0
  }

  #readScope(start: number, end: number): void {
    const wire = this.#wire
    let p = start
    while (p < end) {
      const tag = wire.varint32(p, end, scopeShape)
      p = wire.next
      if (tag === 0x0a || tag === 0x12 || tag === 0x1a) {
        const at = wire.delimited(p, end, scopeShape)
        p = wire.next
        if (tag === 0x0a) setRange(this.scopeName, at, p)
        else if (tag === 0x12) setRange(this.scopeVersion, at, p)
        else if (this.#scopeRefusal === '') {
          this.#scopeRefusal = refusalOf(() => this.#scope.add(at, p))
        }
      } else if (tag === 0x20) {
        wire.varint64(p, end, scopeShape)
        this.scopeDropped = wire.low
        p = wire.next
      } else p = wire.skip(tag, p, end, scopeShape)
    }
  }

  #readItems(start: number, end: number, items: ItemReader): void {
    const wire = this.#wire
    const { resourceRow, scopeRow, scopeName, scopeVersion } = this
    const names = scopeName.end - scopeName.start + scopeVersion.end - scopeVersion.start
    this.#copiedBytesPerRow = resourceRow.bytes + scopeRow.bytes + names
    items.beginScope()
    let p = start
    while (p < end) {
      const tag = wire.varint32(p, end, this.#scopeGroupShape)
      p = wire.next
      if (tag !== 0x12) {
        p = wire.skip(tag, p, end, anyShape)
        continue
      }
      wire.indexes[2]++
      const at = wire.delimited(p, end, this.#scopeGroupShape)
      p = wire.next
      items.readItem(at, p)
    }
  }

  /**
   * Lets `rows` append the item in `[start, end)`, if resource and scope allow it, and counts what
   * becomes of it.
   *
   * @param moreBytes what the row repeats besides resource and scope
   */
  readRow(rows: RowReader, start: number, end: number, moreBytes: number): void {
    const tally = this.#tally
    const refusal = this.#refusalOfRow(this.#copiedBytesPerRow + moreBytes)
    if (refusal !== '') {
      tally.reject(refusal)
      return
    }
    try {
      if (rows.readRow(start, end)) tally.accept()
      else tally.rejectAgain()
    } catch (error) {
      if (!(error instanceof ItemRejection)) throw error
      tally.reject(error.message)
    }
  }

  #refusalOfRow(copied: number): string {
    if (this.#scopeRefusal !== '') return this.#scopeRefusal
    this.#copiedBytes += copied
    return this.#copiedBytes > this.#limits.copiedBytesMax ? this.#copiedRefusal : ''
  }
}

/** For the second walk over a level, whose fields the first has checked. */
const anyShape: MessageShape = { place: '', fields: {} }

/** The reason for which `read` refused, or the empty text. */
function refusalOf(read: () => void): string {
  try {
    read()
    return ''
  } catch (error) {
    if (error instanceof ItemRejection) return error.message
    throw error
  }
}

export function setRange(range: Range, start: number, end: number): void {
  range.start = start
  range.end = end
}

export function clearRange(range: Range): void {
  setRange(range, 0, 0)
}

function heldBy(message: Message, number: number): Message {
  const held = message.fields.find((field) => field.number === number)?.message
  assert(held !== undefined, `Message ${message.name} holds no message in field ${number}`)
  return held
}
