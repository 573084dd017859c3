import { randomBytes } from 'node:crypto'
import protobuf from 'protobufjs'

const { Writer } = protobuf
type Writer = protobuf.Writer

const spanNames = ['GET /orders', 'SELECT orders', 'lock inventory', 'charge card', 'render page']
const methods = ['GET', 'POST', 'PUT']
const statuses = [200, 201, 404, 500]

/** What the spans of a request are like. */
export interface RequestShape {
  /** service.name of the resource. */
  readonly service: string
  /** Attributes of each span; more than 8 make it larger than 400 bytes. */
  readonly attributes: number
}

const ownAttributes = 8
const usualShape: RequestShape = { service: 'shop', attributes: ownAttributes }

/**
 * An ExportTraceServiceRequest of one resource: spans of about 400 bytes, with 8 attributes each,
 * unless told.
 */
export function encodeExportRequest(
  spans: number,
  startUnixMs: number,
  shape: RequestShape = usualShape,
): Buffer {
  const writer = Writer.create()
  const resourceSpans = writer.uint32(tag(1)).fork()
  const resource = resourceSpans.uint32(tag(1)).fork()
  writeAttribute(resource, 1, 'service.name', shape.service)
  writeAttribute(resource, 1, 'service.instance.id', 'shop-7f9c4d5b68-x2k4p')
  writeAttribute(resource, 1, 'host.name', 'bench-host')
  resource.ldelim()
  const scopeSpans = resourceSpans.uint32(tag(2)).fork()
  scopeSpans.uint32(tag(1)).fork().uint32(tag(1)).string('bench').ldelim()
  let traceId = randomBytes(16)
  let parentId: Buffer | undefined
  for (let index = 0; index < spans; index++) {
    if (index % 8 === 0) {
      traceId = randomBytes(16)
      parentId = undefined
    }
    parentId = writeSpan(scopeSpans, { traceId, parentId, index, startUnixMs, shape })
  }
  scopeSpans.ldelim()
  resourceSpans.ldelim()
  return Buffer.from(writer.finish())
}

interface SpanOfRequest {
  readonly traceId: Buffer
  readonly parentId: Buffer | undefined
  readonly index: number
  readonly startUnixMs: number
  readonly shape: RequestShape
}

/** @returns the span's id */
function writeSpan(
  writer: Writer,
  { traceId, parentId, index, startUnixMs, shape }: SpanOfRequest,
): Buffer {
  const spanId = randomBytes(8)
  const startNs = BigInt(startUnixMs + index) * 1_000_000n
  const span = writer.uint32(tag(2)).fork()
  span.uint32(tag(1)).bytes(traceId)
  span.uint32(tag(2)).bytes(spanId)
  if (parentId !== undefined) span.uint32(tag(4)).bytes(parentId)
  span.uint32(tag(5)).string(pick(spanNames, index))
  span.uint32(6 * 8).int32(2)
  writeFixed64(span, 7, startNs)
  writeFixed64(span, 8, startNs + 1_234_567n)
  writeAttribute(span, 9, 'http.request.method', pick(methods, index))
  writeAttribute(span, 9, 'http.response.status_code', pick(statuses, index))
  writeAttribute(span, 9, 'url.path', `/orders/${index * 7919}/items`)
  writeAttribute(span, 9, 'server.address', 'shop.example.com')
  writeAttribute(span, 9, 'server.port', 8080)
  writeAttribute(
    span,
    9,
    'user_agent.original',
    'Mozilla/5.0 (X11; Linux x86_64; rv:142.0) Gecko/20100101 Firefox/142.0 (benchmark)',
  )
  writeAttribute(span, 9, 'thread.id', index % 4)
  writeAttribute(span, 9, 'enduser.id', `customer-${(index * 104_729) % 100_000}`)
  for (let extra = ownAttributes; extra < shape.attributes; extra++) {
    writeAttribute(span, 9, `app.attribute.${extra}`, `value ${(index * (extra + 31)) % 1000}`)
  }
  span
    .uint32(tag(15))
    .fork()
    .uint32(3 * 8)
    .int32(1)
    .ldelim()
  span.ldelim()
  return spanId
}

function writeAttribute(writer: Writer, field: number, key: string, value: string | number): void {
  const attribute = writer.uint32(tag(field)).fork()
  attribute.uint32(tag(1)).string(key)
  const any = attribute.uint32(tag(2)).fork()
  if (typeof value === 'string') any.uint32(tag(1)).string(value)
  else any.uint32(3 * 8).int32(value)
  any.ldelim()
  attribute.ldelim()
}

function writeFixed64(writer: Writer, field: number, value: bigint): void {
  writer.uint32(field * 8 + 1)
  writer.fixed64({
    low: Number(value & 0xffff_ffffn),
    high: Number(value >> 32n),
    unsigned: true,
  })
}

/** The tag of a field of wire type 2. */
function tag(field: number): number {
  return field * 8 + 2
}

function pick<Item>(items: readonly Item[], index: number): Item {
  return items[index % items.length] as Item
}
