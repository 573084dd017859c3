// The type signatures of the stats files: Python's struct codes, such as `Q`, `?` or `256s`.

/** What a field of a stats file can hold; 64-bit integers are read as bigint. */
export type StatValue = number | bigint | boolean | string

/** A signature that was read: one code, and how often it is repeated. */
export interface TypeCode {
  /** The signature as it stands in the file. */
  readonly text: string
  readonly code: string
  /** Bytes of one element; of a string all of it. */
  readonly elementBytes: number
  /** Bytes of the whole value. */
  readonly bytes: number
}

const elementBytes: Readonly<Record<string, number>> = {
  c: 1,
  b: 1,
  B: 1,
  '?': 1,
  h: 2,
  H: 2,
  i: 4,
  I: 4,
  // Only in files from before 0.3.8, nearly all of them from 64-bit Unix.
  l: 8,
  L: 8,
  q: 8,
  Q: 8,
  f: 4,
  d: 8,
  s: 1,
}

/** Reads a signature; undefined where it is not one code with at most a repeat count. */
export function parseTypeCode(text: string): TypeCode | undefined {
  const [, digits = '', code = ''] = /^(\d{0,6})([a-zA-Z?])$/.exec(text) ?? []
  const size = elementBytes[code]
  if (size === undefined) return undefined
  const count = digits === '' ? 1 : Number(digits)
  if (count === 0 && code !== 's') return undefined
  const bytes = size * count
  return { text, code, elementBytes: code === 's' ? bytes : size, bytes }
}

/** Reads the first element of a value. */
export function readTyped(
  view: DataView,
  at: number,
  type: TypeCode,
  isLittleEndian = true,
): StatValue {
  switch (type.code) {
    case 'b':
      return view.getInt8(at)
    case 'B':
      return view.getUint8(at)
    case '?':
      return view.getUint8(at) !== 0
    case 'h':
      return view.getInt16(at, isLittleEndian)
    case 'H':
      return view.getUint16(at, isLittleEndian)
    case 'i':
      return view.getInt32(at, isLittleEndian)
    case 'I':
      return view.getUint32(at, isLittleEndian)
    case 'l':
    case 'q':
      return view.getBigInt64(at, isLittleEndian)
    case 'L':
    case 'Q':
      return view.getBigUint64(at, isLittleEndian)
    case 'f':
      return view.getFloat32(at, isLittleEndian)
    case 'd':
      return view.getFloat64(at, isLittleEndian)
    case 'c':
      return String.fromCharCode(view.getUint8(at))
    default:
      return readText(view, at, type.bytes)
  }
}

/** Text up to its first NUL; bytes that are not UTF-8 are left out, as the original does. */
export function readText(view: DataView, at: number, bytes: number): string {
  const all = new Uint8Array(view.buffer, view.byteOffset + at, bytes)
  const end = all.indexOf(0)
  return decodeUtf8(end < 0 ? all : all.subarray(0, end))
}

const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const looseUtf8 = new TextDecoder('utf-8', { ignoreBOM: true })

/** Decodes UTF-8, without what is not. */
export function decodeUtf8(bytes: Uint8Array): string {
  try {
    return strictUtf8.decode(bytes)
  } catch {
    // Not all of it is UTF-8: the good parts are worth more than an error.
    return looseUtf8.decode(bytes).replaceAll('\u{fffd}', '')
  }
}
