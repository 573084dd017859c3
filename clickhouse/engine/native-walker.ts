// Finds where a column of the Native format ends, which only reading along it can tell. A column is
// its prefix (versions and lists of types, before all data of the column) and its data:
//
//   Array(LowCardinality(String))   prefix: 01 00 00 00 00 00 00 00
//                                   data:   ends of the rows, flags, keys, indexes
//
// The prefix of what has parts is the prefixes of its parts, in their order; its data likewise.
import { type NativeCursor, NativeFormatError } from './native-cursor.ts'
import { parseElement, parseTypeText } from './native-type.ts'

/** Moves a cursor behind a column of one type. */
export interface ColumnWalker {
  prefix(cursor: NativeCursor): void
  data(cursor: NativeCursor, rows: number): void
}

/** A type of which only the engine knows how long its values are. */
export class UnwalkableTypeError extends Error {
  readonly type: string

  constructor(type: string) {
    super(`Values of type ${type} cannot be told apart`)
    this.name = 'UnwalkableTypeError'
    this.type = type
  }
}

/** @throws UnwalkableTypeError */
export function createColumnWalker(type: string): ColumnWalker {
  const { name, parts } = parseTypeText(type)
  const width = widths.get(name) ?? (name.startsWith('Interval') ? 8 : undefined)
  if (width !== undefined) return fixed(width)
  const compose = composers.get(name)
  if (compose === undefined) throw new UnwalkableTypeError(type)
  return compose(parts, type)
}

/** Bytes of a value. */
const widths: ReadonlyMap<string, number> = new Map(
  Object.entries({
    1: ['Int8', 'UInt8', 'Bool', 'Enum8', 'Nothing'],
    2: ['Int16', 'UInt16', 'Enum16', 'Date', 'BFloat16'],
    4: ['Int32', 'UInt32', 'Float32', 'Date32', 'DateTime', 'IPv4', 'Time', 'Decimal32'],
    8: ['Int64', 'UInt64', 'Float64', 'DateTime64', 'Time64', 'Decimal64'],
    16: ['Int128', 'UInt128', 'UUID', 'IPv6', 'Decimal128'],
    32: ['Int256', 'UInt256', 'Decimal256'],
  }).flatMap(([width, names]) => names.map((name) => [name, Number(width)] as const)),
)

type Compose = (parts: readonly string[], type: string) => ColumnWalker

const alias =
  (type: string): Compose =>
  () =>
    createColumnWalker(type)

const composers: ReadonlyMap<string, Compose> = new Map<string, Compose>([
  ['String', () => texts],
  ['FixedString', ([length]) => fixed(Number(length))],
  ['Decimal', ([precision]) => fixed(decimalWidth(Number(precision)))],
  ['Nullable', ([inner = '']) => nullable(createColumnWalker(inner))],
  ['Array', ([inner = '']) => array(createColumnWalker(inner))],
  ['Map', (parts) => array(tuple(parts.map(createColumnWalker)))],
  ['Tuple', (parts) => (parts.length === 0 ? fixed(1) : elements(parts))],
  ['Nested', (parts) => array(elements(parts))],
  ['LowCardinality', ([inner = '']) => lowCardinality(createColumnWalker(withoutNullable(inner)))],
  ['SimpleAggregateFunction', ([, inner = '']) => createColumnWalker(inner)],
  ['Variant', (parts) => variant(inOrder(parts).map(createColumnWalker))],
  ['Dynamic', (_, type) => dynamic(type)],
  ['JSON', (parts, type) => json(parts, type)],
  ['QBit', (parts, type) => quantized(parts, type)],
  ['Point', alias('Tuple(Float64, Float64)')],
  ['Ring', alias('Array(Point)')],
  ['LineString', alias('Array(Point)')],
  ['MultiLineString', alias('Array(LineString)')],
  ['Polygon', alias('Array(Ring)')],
  ['MultiPolygon', alias('Array(Polygon)')],
  ['Geometry', alias('Variant(LineString, MultiLineString, MultiPolygon, Point, Polygon, Ring)')],
])

function noPrefix(): void {
  // Most types have none.
}

function fixed(width: number): ColumnWalker {
  return { prefix: noPrefix, data: (cursor, rows) => cursor.skip(rows * width) }
}

const texts: ColumnWalker = {
  prefix: noPrefix,
  data: (cursor, rows) => cursor.skipTexts(rows),
}

function decimalWidth(precision: number): number {
  if (precision <= 9) return 4
  if (precision <= 18) return 8
  return precision <= 38 ? 16 : 32
}

function nullable(inner: ColumnWalker): ColumnWalker {
  return {
    prefix: (cursor) => inner.prefix(cursor),
    data(cursor, rows) {
      cursor.skip(rows)
      inner.data(cursor, rows)
    },
  }
}

/** The ends of the rows, then all their elements as one column. */
function array(inner: ColumnWalker): ColumnWalker {
  return {
    prefix: (cursor) => inner.prefix(cursor),
    data(cursor, rows) {
      if (rows === 0) return
      cursor.skip((rows - 1) * 8)
      const count = cursor.uint64()
      if (count > 0) inner.data(cursor, count)
    },
  }
}

function elements(parts: readonly string[]): ColumnWalker {
  return tuple(parts.map((part) => createColumnWalker(parseElement(part).type)))
}

function tuple(walkers: readonly ColumnWalker[]): ColumnWalker {
  return {
    prefix(cursor) {
      for (const walker of walkers) walker.prefix(cursor)
    },
    data(cursor, rows) {
      for (const walker of walkers) walker.data(cursor, rows)
    },
  }
}

const hasGlobalDictionary = 0x100
const hasOwnKeys = 0x200

function lowCardinality(keys: ColumnWalker): ColumnWalker {
  return {
    prefix: (cursor) => expectVersion(cursor, 'LowCardinality', [1]),
    data(cursor, rows) {
      if (rows === 0) return
      const flags = cursor.uint64()
      if ((flags & hasGlobalDictionary) !== 0) keys.data(cursor, cursor.uint64())
      if ((flags & hasOwnKeys) !== 0) keys.data(cursor, cursor.uint64())
      cursor.skip(cursor.uint64() * 2 ** (flags & 0xff))
    },
  }
}

function withoutNullable(type: string): string {
  const { name, parts } = parseTypeText(type)
  return name === 'Nullable' ? (parts[0] ?? '') : type
}

/** Which of the types each row has, then of each type a column of the rows that have it. */
function variant(walkers: readonly ColumnWalker[]): ColumnWalker {
  return {
    prefix(cursor) {
      expectVersion(cursor, 'Variant', [0])
      for (const walker of walkers) walker.prefix(cursor)
    },
    data: (cursor, rows) => walkByType(cursor, rows, 1, walkers),
  }
}

/** An index that belongs to no type is NULL. */
function walkByType(
  cursor: NativeCursor,
  rows: number,
  width: number,
  walkers: readonly ColumnWalker[],
): void {
  const counts = walkers.map(() => 0)
  const from = cursor.position
  cursor.skip(rows * width)
  for (let at = from; at < cursor.position; at += width) {
    const type = cursor.bytes.readUIntLE(at, width)
    const count = counts[type]
    if (count !== undefined) counts[type] = count + 1
  }
  walkers.forEach((walker, index) => {
    const count = counts[index] ?? 0
    if (count > 0) walker.data(cursor, count)
  })
}

/** A variant whose types are told by the prefix of each block. */
function dynamic(type: string): ColumnWalker {
  let inner: ColumnWalker | undefined
  return {
    prefix(cursor) {
      const version = expectVersion(cursor, type, [1, 2, flattened])
      if (version === 1) cursor.varuint()
      const types = Array.from({ length: cursor.varuint() }, () => cursor.text())
      // Values of types beyond the limit are kept as text.
      const names = version === flattened ? types : inOrder([...types, sharedVariant])
      const walkers = names.map((name) =>
        createColumnWalker(name === sharedVariant && version !== flattened ? 'String' : name),
      )
      inner = version === flattened ? flattenedVariant(walkers) : variant(walkers)
      inner.prefix(cursor)
    },
    data: (cursor, rows) => inner?.data(cursor, rows),
  }
}

const sharedVariant = 'SharedVariant'
/** What clients ask for with output_format_native_use_flattened_dynamic_and_json_serialization. */
const flattened = 3

/** As a variant, but without a version, and with indexes as wide as the number of types needs. */
function flattenedVariant(walkers: readonly ColumnWalker[]): ColumnWalker {
  const width = walkers.length < 2 ** 8 ? 1 : walkers.length < 2 ** 16 ? 2 : 4
  return {
    prefix(cursor) {
      for (const walker of walkers) walker.prefix(cursor)
    },
    data: (cursor, rows) => walkByType(cursor, rows, width, walkers),
  }
}

/** The paths of the type, those of the block, and what has no path of its own, each a column. */
function json(parts: readonly string[], type: string): ColumnWalker {
  const typed = parts.filter(isTypedPath).map(parseElement)
  typed.sort((a, b) => byBytes(a.name, b.name))
  const fixedPaths = tuple(typed.map((path) => createColumnWalker(path.type)))
  const shared = createColumnWalker('Array(Tuple(String, String))')
  let inner: ColumnWalker | undefined
  return {
    prefix(cursor) {
      const version = expectVersion(cursor, type, [0, jsonAsText, 2, flattened])
      if (version === jsonAsText) {
        inner = texts
        return
      }
      if (version === 0) cursor.varuint()
      const count = cursor.varuint()
      cursor.skipTexts(count)
      const paths = Array.from({ length: count }, () => dynamic('Dynamic'))
      inner = tuple([fixedPaths, ...paths, ...(version === flattened ? [] : [shared])])
      inner.prefix(cursor)
    },
    data: (cursor, rows) => inner?.data(cursor, rows),
  }
}

const jsonAsText = 1

function isTypedPath(part: string): boolean {
  return !/^(?:SKIP\s|max_dynamic_(?:paths|types)\s*=)/.test(part)
}

/** Each bit of the numbers is a column: `QBit(Float32, 1536)`. */
function quantized([element = '', dimension]: readonly string[], type: string): ColumnWalker {
  const width = widths.get(element)
  if (width === undefined) throw new UnwalkableTypeError(type)
  return fixed(width * 8 * Math.ceil(Number(dimension) / 8))
}

function expectVersion(cursor: NativeCursor, type: string, known: readonly number[]): number {
  const version = cursor.uint64()
  if (known.includes(version)) return version
  throw new NativeFormatError(`${type} has version ${version}; known are ${known.join(', ')}`)
}

/** The types of a Variant are written in the order of their names, whatever its name says. */
function inOrder(types: readonly string[]): readonly string[] {
  return types.toSorted(byBytes)
}

function byBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b))
}
