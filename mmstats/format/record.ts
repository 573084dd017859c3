// One field's bytes as a writer lays them down, in either version.
import { type DataTypeName, dataTypes, metrics } from './layout-v2.ts'
import { type Metric, unbuffered } from './slot.ts'
import { parseTypeCode, type TypeCode } from './type-code.ts'

/** A version of the format that is written. */
export type FormatVersion = 1 | 2

/** What a field is, before it has a place. */
export interface RecordSpec {
  /** The struct code, such as `Q` or `8s`. */
  readonly type: string
  readonly isBuffered: boolean
  /** What version 2 calls it. */
  readonly dataType: DataTypeName
  readonly metric: Metric
  /** How many values an array keeps; only version 2 has arrays. */
  readonly arraySize?: number
}

/** The bytes of a record without a value, and where in them the value goes. */
export interface EncodedRecord {
  readonly bytes: Uint8Array
  readonly type: TypeCode
  /** Where the write buffer's number lies; undefined if the field has one buffer. */
  readonly indexAt: number | undefined
  readonly valueAt: number
}

const u16Max = 0xffff
const encoder = new TextEncoder()

/**
 * Lays out a record, all its values zero.
 *
 * @throws RangeError if the label or the type cannot be written
 */
export function encodeRecord(
  label: string,
  spec: RecordSpec,
  version: FormatVersion,
): EncodedRecord {
  const name = encodeLabel(label)
  const type = parseTypeCode(spec.type)
  if (type === undefined) throw new RangeError(`Cannot write the type "${spec.type}" of "${label}"`)
  return version === 1 ? encodeV1(name, type, spec) : encodeV2(name, type, spec)
}

/** A label's bytes. @throws RangeError if it is empty or longer than its length can say */
function encodeLabel(label: unknown): Uint8Array {
  if (typeof label !== 'string') {
    throw new RangeError(`Cannot write a label of type ${typeof label}; wanted a string`)
  }
  const bytes = encoder.encode(label)
  if (bytes.byteLength === 0 || bytes.byteLength > u16Max) {
    throw new RangeError(
      `Cannot write a label of ${bytes.byteLength} bytes; wanted 1 to ${u16Max} bytes of UTF-8`,
    )
  }
  return bytes
}

function encodeV1(label: Uint8Array, type: TypeCode, spec: RecordSpec): EncodedRecord {
  if (spec.arraySize !== undefined) {
    throw new RangeError('Cannot write an array in version 1; wanted the setting version: 2')
  }
  const code = encoder.encode(type.text)
  const indexAt = 2 + label.byteLength + 2 + code.byteLength
  const bytes = new Uint8Array(indexAt + 1 + type.bytes * (spec.isBuffered ? 2 : 1))
  const view = new DataView(bytes.buffer)
  view.setUint16(0, label.byteLength, true)
  bytes.set(label, 2)
  view.setUint16(2 + label.byteLength, code.byteLength, true)
  bytes.set(code, 4 + label.byteLength)
  if (!spec.isBuffered) bytes[indexAt] = unbuffered
  return { bytes, type, indexAt: spec.isBuffered ? indexAt : undefined, valueAt: indexAt + 1 }
}

function encodeV2(label: Uint8Array, type: TypeCode, spec: RecordSpec): EncodedRecord {
  const headAt = 6 + label.byteLength
  const { arraySize } = spec
  if (arraySize !== undefined && !(arraySize >= 1 && arraySize < u16Max)) {
    throw new RangeError(`Cannot write an array of ${arraySize} values; wanted 1 to ${u16Max - 1}`)
  }
  const valueBytes =
    arraySize === undefined
      ? type.bytes * (spec.isBuffered ? 2 : 1) + (spec.isBuffered ? 1 : 0)
      : 4 + type.bytes * (arraySize + 1)
  const bytes = new Uint8Array(headAt + 4 + valueBytes)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, bytes.byteLength - 4, true)
  view.setUint16(4, label.byteLength, true)
  bytes.set(label, 6)
  view.setUint16(headAt, dataTypes[spec.dataType].id, true)
  view.setUint16(headAt + 2, Math.max(metrics.indexOf(spec.metric), 0), true)
  if (arraySize !== undefined) {
    // The array's head, its write offset and its size, belongs to its value.
    view.setUint16(headAt + 6, arraySize, true)
    return { bytes, type, indexAt: undefined, valueAt: headAt + 4 }
  }
  const valueAt = headAt + 4 + (spec.isBuffered ? 1 : 0)
  return { bytes, type, indexAt: spec.isBuffered ? headAt + 4 : undefined, valueAt }
}
