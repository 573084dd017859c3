// Version 2, as proposed by the original and never released:
//
//   record: bytes that follow u32 │ label bytes u16 │ label │ data type u16 │ metric u16 │
//           value  │  index u8, value, value  │  write offset u16, size u16, size + 1 slots
//
// A string's size is what the record has left.
import type { ArraySlots, Layout, Metric, Slot } from './slot.ts'
import { decodeUtf8, parseTypeCode, type TypeCode } from './type-code.ts'

/** How the value of a data type of version 2 is stored. */
export interface DataType {
  readonly id: number
  /** The struct code; `s` takes what the record has left. */
  readonly code: string
  readonly shape: 'value' | 'buffered' | 'array'
}

/** The prototype's data types by name, and after 22 the doubles that it had no array for. */
export const dataTypes = {
  counter: { id: 1, code: 'Q', shape: 'buffered' },
  average: { id: 2, code: 'd', shape: 'buffered' },
  movingAverage: { id: 3, code: 'd', shape: 'buffered' },
  timer: { id: 4, code: 'd', shape: 'buffered' },
  uint64: { id: 5, code: 'Q', shape: 'buffered' },
  uint: { id: 6, code: 'I', shape: 'buffered' },
  int: { id: 7, code: 'i', shape: 'buffered' },
  short: { id: 8, code: 'h', shape: 'buffered' },
  ushort: { id: 9, code: 'H', shape: 'buffered' },
  byte: { id: 10, code: 'b', shape: 'value' },
  float: { id: 11, code: 'f', shape: 'buffered' },
  staticFloat: { id: 12, code: 'f', shape: 'value' },
  double: { id: 13, code: 'd', shape: 'buffered' },
  staticDouble: { id: 14, code: 'd', shape: 'value' },
  bool: { id: 15, code: '?', shape: 'value' },
  string: { id: 16, code: 's', shape: 'value' },
  staticUint: { id: 17, code: 'I', shape: 'value' },
  staticInt64: { id: 18, code: 'q', shape: 'value' },
  staticUint64: { id: 19, code: 'Q', shape: 'value' },
  staticText: { id: 20, code: 's', shape: 'value' },
  uintArray: { id: 21, code: 'I', shape: 'array' },
  uintArraySampled: { id: 22, code: 'I', shape: 'array' },
  uintArrayDecaySampled: { id: 23, code: 'I', shape: 'array' },
} as const satisfies Readonly<Record<string, DataType>>

/** The name of a data type. */
export type DataTypeName = keyof typeof dataTypes

const byId = new Map<number, DataType>(Object.values(dataTypes).map((type) => [type.id, type]))

/** The metric types in the order of their numbers. */
export const metrics: readonly Metric[] = ['gauge', 'counter', 'info']

const headBytes = 6

/** How the fields of a file are found. */
export interface LayoutSettings {
  readonly isLittleEndian: boolean
  readonly fieldsMax: number
}

/** What is told of a file with too many fields. */
export function tooMany(fieldsMax: number): string {
  return `The file has more than ${fieldsMax} fields; the rest is left out`
}

/** Finds the fields of a file of version 2. */
export function readLayoutV2(
  bytes: Uint8Array,
  { isLittleEndian, fieldsMax }: LayoutSettings,
): Layout {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const slots: Slot[] = []
  let at = 1
  let problem: string | undefined
  while (problem === undefined && at + 4 <= bytes.byteLength) {
    const size = view.getUint32(at, isLittleEndian)
    if (size === 0) break
    const end = at + 4 + size
    const slot =
      slots.length >= fieldsMax
        ? tooMany(fieldsMax)
        : end > bytes.byteLength
          ? `The file is cut at byte ${at}: a record of ${size} bytes is longer than what is left`
          : readRecord(bytes, view, { at, end }, isLittleEndian)
    if (typeof slot === 'string') problem = slot
    else {
      slots.push(slot)
      at = end
    }
  }
  return { version: 2, isLittleEndian, slots, usedBytes: at, problem }
}

function readRecord(
  bytes: Uint8Array,
  view: DataView,
  { at, end }: { readonly at: number; readonly end: number },
  isLittleEndian: boolean,
): Slot | string {
  if (at + 4 + headBytes > end) return `Bad record at byte ${at}: it is shorter than its head`
  const labelEnd = at + 6 + view.getUint16(at + 4, isLittleEndian)
  if (labelEnd + 4 > end) return `Bad record at byte ${at}: its label is longer than the record`
  const id = view.getUint16(labelEnd, isLittleEndian)
  const dataType = byId.get(id)
  if (dataType === undefined) {
    return `Unknown data type at byte ${labelEnd}: got ${id}, wanted 1 to ${byId.size}`
  }
  const valueAt = labelEnd + 4
  const type = typeOf(dataType, end - valueAt)
  const place = placeOf(dataType, type, valueAt, { view, end, isLittleEndian })
  if (place === undefined) return `Bad record at byte ${at}: its value is longer than the record`
  const index = place.indexAt === undefined ? 0 : view.getUint8(place.indexAt)
  if (index > 1) return `Bad record at byte ${at}: got write buffer ${index}, wanted 0 or 1`
  const label = decodeUtf8(bytes.subarray(at + 6, labelEnd))
  // The prototype wrote gauge for all, its counters too.
  const metric = metrics[view.getUint16(labelEnd + 2, isLittleEndian)]
  return {
    label,
    type,
    metric: id === dataTypes.counter.id && metric === 'gauge' ? 'counter' : metric,
    ...place,
  }
}

function typeOf(dataType: DataType, bytesLeft: number): TypeCode {
  const text = dataType.code === 's' ? `${bytesLeft}s` : dataType.code
  const type = parseTypeCode(text)
  if (type === undefined) return { text, code: 's', elementBytes: bytesLeft, bytes: bytesLeft }
  return type
}

interface Bounds {
  readonly view: DataView
  readonly end: number
  readonly isLittleEndian: boolean
}

/** Where the value lies, or undefined if it does not fit into its record. */
function placeOf(
  { shape }: DataType,
  type: TypeCode,
  at: number,
  { view, end, isLittleEndian }: Bounds,
): Pick<Slot, 'indexAt' | 'valueAt' | 'array'> | undefined {
  if (shape === 'value') {
    return at + type.bytes > end ? undefined : { indexAt: undefined, valueAt: at, array: undefined }
  }
  if (shape === 'buffered') {
    if (at + 1 + 2 * type.bytes > end) return undefined
    return { indexAt: at, valueAt: at + 1, array: undefined }
  }
  if (at + 4 > end) return undefined
  const array: ArraySlots = {
    writeOffset: view.getUint16(at, isLittleEndian),
    slots: view.getUint16(at + 2, isLittleEndian) + 1,
  }
  const isInside = array.writeOffset < array.slots && at + 4 + array.slots * type.bytes <= end
  return isInside ? { indexAt: undefined, valueAt: at + 4, array } : undefined
}
