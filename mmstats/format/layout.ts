// Where the fields of a stats file lie. Nothing in the file is trusted: every length is held
// against the bytes that are there.
//
//   version 1: 01, records, zeros
//     record:  label bytes u16 │ label │ type bytes u16 │ type │ ff value
//                                                              │ index u8, value, value
//   version 2: 02, records, zeros: see format/layout-v2.ts
import { type LayoutSettings, readLayoutV2, tooMany } from './layout-v2.ts'
import { type Layout, type Slot, unbuffered } from './slot.ts'
import { decodeUtf8, parseTypeCode } from './type-code.ts'

/** No application has as many fields in a file; a file without end would fill the memory. */
const defaultFieldsMax = 100_000

/** Finds the fields of a file. Never throws: what is wrong stands in `problem`. */
export function readLayout(bytes: Uint8Array, fieldsMax = defaultFieldsMax): Layout {
  const version = bytes[0]
  if (version === 1 || version === 2) {
    const read = version === 1 ? readLayoutV1 : readLayoutV2
    const little = read(bytes, { isLittleEndian: true, fieldsMax })
    if (little.problem === undefined) return withTwinsTold(little)
    // Byte order is not in the file: it is the other one if only that makes sense.
    const big = read(bytes, { isLittleEndian: false, fieldsMax })
    return withTwinsTold(big.problem === undefined ? big : little)
  }
  const seen =
    version === undefined ? 'the file is empty' : `got 0x${version.toString(16).padStart(2, '0')}`
  return {
    version: version ?? -1,
    isLittleEndian: true,
    slots: [],
    usedBytes: 0,
    problem: `Not a stats file: ${seen}, wanted version byte 0x01 or 0x02`,
  }
}

/** Labels that stand twice are told: most readers show one of the two only. */
function withTwinsTold(layout: Layout): Layout {
  if (layout.problem !== undefined) return layout
  const seen = new Set<string>()
  for (const { label, valueAt } of layout.slots) {
    if (seen.has(label)) {
      const problem = `The label ${JSON.stringify(label)} stands in the file twice, again before byte ${valueAt}`
      return { ...layout, problem }
    }
    seen.add(label)
  }
  return layout
}

function readLayoutV1(bytes: Uint8Array, { isLittleEndian, fieldsMax }: LayoutSettings): Layout {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const slots: Slot[] = []
  let at = 1
  let problem: string | undefined
  while (problem === undefined && !isEnd(view, at)) {
    const record =
      slots.length < fieldsMax ? readRecord(bytes, view, at, isLittleEndian) : tooMany(fieldsMax)
    if (typeof record === 'string') problem = record
    else {
      slots.push(record.slot)
      at = record.end
    }
  }
  return { version: 1, isLittleEndian, slots, usedBytes: at, problem }
}

/** At the end of the bytes, at a label of no bytes, or at one last zero byte. */
function isEnd(view: DataView, at: number): boolean {
  const left = view.byteLength - at
  if (left <= 0) return true
  return left === 1 ? view.getUint8(at) === 0 : view.getUint16(at) === 0
}

function readRecord(
  bytes: Uint8Array,
  view: DataView,
  at: number,
  isLittleEndian: boolean,
): { readonly slot: Slot; readonly end: number } | string {
  const label = readSized(bytes, view, at, isLittleEndian)
  if (label === undefined) return cutAt(at, 'label')
  const typeAt = at + 2 + label.byteLength
  const typeBytes = readSized(bytes, view, typeAt, isLittleEndian)
  if (typeBytes === undefined) return cutAt(typeAt, 'type')
  const type = parseTypeCode(String.fromCharCode(...typeBytes.subarray(0, 8)))
  if (type === undefined || typeBytes.byteLength > 8) return unknownType(typeAt, typeBytes)
  const indexAt = typeAt + 2 + typeBytes.byteLength
  const index = bytes[indexAt]
  if (index === undefined) return cutAt(indexAt, 'write buffer')
  if (index > 1 && index !== unbuffered) {
    return `Bad record at byte ${at}: got write buffer ${index}, wanted 0, 1 or 255`
  }
  const isBuffered = index !== unbuffered
  const end = indexAt + 1 + type.bytes * (isBuffered ? 2 : 1)
  if (end > bytes.byteLength) return cutAt(indexAt + 1, 'value')
  const slot: Slot = {
    label: decodeUtf8(label),
    type,
    indexAt: isBuffered ? indexAt : undefined,
    valueAt: indexAt + 1,
    metric: undefined,
    array: undefined,
  }
  return { slot, end }
}

function readSized(
  bytes: Uint8Array,
  view: DataView,
  at: number,
  isLittleEndian: boolean,
): Uint8Array | undefined {
  if (at + 2 > bytes.byteLength) return undefined
  const end = at + 2 + view.getUint16(at, isLittleEndian)
  return end > bytes.byteLength ? undefined : bytes.subarray(at + 2, end)
}

function cutAt(at: number, part: string): string {
  return `The file is cut at byte ${at}: the ${part} is longer than what is left`
}

function unknownType(at: number, type: Uint8Array): string {
  const text = JSON.stringify(decodeUtf8(type.subarray(0, 16)))
  return `Unknown type at byte ${at}: got ${text}, wanted one of c b B ? h H i I l L q Q f d s`
}
