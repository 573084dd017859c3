// Export requests of logs and metrics for load: 512 of each come to about as many bytes as spans
// do.
import protobuf from 'protobufjs'
import { stamp } from './stamped-body.ts'

const { Writer } = protobuf
type Writer = protobuf.Writer

const levels = ['INFO', 'WARN', 'ERROR'] as const

/** An ExportLogsServiceRequest of one resource: records of about 300 bytes with 4 attributes. */
export function encodeLogsRequest(records: number, startUnixMs: number): Buffer {
  return encodeRequest((scope) => {
    for (let index = 0; index < records; index++) {
      const record = scope.uint32(tag(2)).fork()
      fixed64(record, 1, BigInt(startUnixMs + index) * 1_000_000n)
      fixed64(record, 11, BigInt(startUnixMs + index) * 1_000_000n)
      record.uint32(2 * 8).int32(9)
      record.uint32(tag(3)).string(levels[index % levels.length] ?? '')
      const text = `Order ${index * 7919} of customer-${(index * 104_729) % 100_000} was accepted after ${index % 90} ms`
      record.uint32(tag(5)).fork().uint32(tag(1)).string(text).ldelim()
      attribute(record, 6, 'code.function.name', 'OrderService.accept')
      attribute(record, 6, 'thread.name', `worker-${index % 4}`)
      attribute(record, 6, 'url.path', `/orders/${index * 7919}/items`)
      attribute(record, 6, 'enduser.id', `customer-${(index * 104_729) % 100_000}`)
      record.ldelim()
    }
  })
}

/**
 * An ExportMetricsServiceRequest of one resource: half sums, half histograms of 16 buckets, 2
 * attributes.
 */
export function encodeMetricsRequest(points: number, startUnixMs: number): Buffer {
  const timeNs = BigInt(startUnixMs) * 1_000_000n
  return encodeRequest((scope) => {
    const half = Math.floor(points / 2)
    metric(scope, 'http.server.requests', 7, (data) => {
      for (let index = 0; index < half; index++) {
        const point = beginPoint(data, 7, index, timeNs)
        point.uint32(4 * 8 + 1).double(index * 1.5)
        point.ldelim()
      }
      data.uint32(2 * 8).int32(2)
    })
    metric(scope, 'http.server.request.duration', 9, (data) => {
      for (let index = half; index < points; index++) {
        const point = beginPoint(data, 9, index, timeNs)
        fixed64(point, 4, 160n)
        point.uint32(5 * 8 + 1).double(index * 2.5)
        const counts = point.uint32(tag(6)).fork()
        for (let bucket = 0; bucket < 16; bucket++) {
          counts.fixed64({ low: (index + bucket) % 20, high: 0, unsigned: true })
        }
        counts.ldelim()
        const bounds = point.uint32(tag(7)).fork()
        for (let bucket = 1; bucket < 16; bucket++) bounds.double(bucket * bucket * 5)
        bounds.ldelim()
        point.ldelim()
      }
      data.uint32(2 * 8).int32(2)
    })
  })
}

function encodeRequest(writeItems: (scope: Writer) => void): Buffer {
  const writer = Writer.create()
  const ofResource = writer.uint32(tag(1)).fork()
  const resource = ofResource.uint32(tag(1)).fork()
  attribute(resource, 1, 'service.name', 'shop')
  attribute(resource, 1, 'service.instance.id', stamp)
  resource.ldelim()
  const ofScope = ofResource.uint32(tag(2)).fork()
  ofScope.uint32(tag(1)).fork().uint32(tag(1)).string('bench').ldelim()
  writeItems(ofScope)
  ofScope.ldelim()
  ofResource.ldelim()
  return Buffer.from(writer.finish())
}

function metric(
  scope: Writer,
  name: string,
  field: number,
  writePoints: (data: Writer) => void,
): void {
  const one = scope.uint32(tag(2)).fork()
  one.uint32(tag(1)).string(name)
  const data = one.uint32(tag(field)).fork()
  writePoints(data)
  data.ldelim()
  one.ldelim()
}

/**
 * A point with its times and attributes; number points and histogram points have the attributes in
 * different fields.
 */
function beginPoint(data: Writer, attributesField: 7 | 9, index: number, timeNs: bigint): Writer {
  const point = data.uint32(tag(1)).fork()
  fixed64(point, 2, timeNs - 60_000_000_000n)
  fixed64(point, 3, timeNs + BigInt(index))
  attribute(point, attributesField, 'http.route', `/orders/${index % 40}`)
  attribute(point, attributesField, 'http.request.method', index % 2 === 0 ? 'GET' : 'POST')
  return point
}

function attribute(writer: Writer, field: number, key: string, value: string): void {
  const one = writer.uint32(tag(field)).fork()
  one.uint32(tag(1)).string(key)
  one.uint32(tag(2)).fork().uint32(tag(1)).string(value).ldelim()
  one.ldelim()
}

function fixed64(writer: Writer, field: number, value: bigint): void {
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
