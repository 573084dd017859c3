// Answers in Native for clients of ClickHouse's own protocol: with `client_protocol_version` in the
// address they say which revision of the format they read. The engine writes revision 0 only, so
// its blocks are walked, and what that revision has more is put in between:
//
//   info of the block │ columns, rows │ name, type │ kind of serialization │ data │ name, …
//   └ from 1 on ──────┘                 │            └ from 54454 on ────────┘
//                                       └ DateTime('zone') instead of DateTime from 54337 on
//
// The pieces are views of the answer; nothing of it is copied here.
import { ClickhouseException } from './exception.ts'
import { NativeCursor, NativeFormatError } from './native-cursor.ts'
import { type ColumnWalker, createColumnWalker, UnwalkableTypeError } from './native-walker.ts'

const zoneRevision = 54337
const lowCardinalityRevision = 54405
const serializationKindRevision = 54454
const outOfOrderBucketsRevision = 54480

/**
 * The answer's own bytes, and what is put in between.
 *
 * @param types the columns' types with their zones, where the engine left them out
 * @throws ClickhouseException from the iteration, where a block cannot be walked
 */
export function* nativePieces(
  native: Buffer,
  revision: number,
  types: readonly string[] = [],
): Generator<Buffer> {
  const cursor = new NativeCursor(native)
  const walkers = new Map<string, ColumnWalker>()
  const info = blockInfo(revision)
  const kind = revision >= serializationKindRevision ? [defaultKind] : []
  let from = 0
  while (!cursor.isAtEnd) {
    yield info
    const columns = read(cursor, 'the head of a block', () => cursor.varuint())
    const rows = read(cursor, 'the head of a block', () => cursor.varuint())
    for (let column = 0; column < columns; column += 1) {
      const name = read(cursor, 'the name of a column', () => cursor.text())
      const typeStart = cursor.position
      const type = read(cursor, `the type of column "${name}"`, () => cursor.text())
      const zoned = types[column]
      if (isZoneMissing(type, zoned) && revision >= zoneRevision) {
        yield native.subarray(from, typeStart)
        yield textOf(zoned)
      } else yield native.subarray(from, cursor.position)
      yield* kind
      from = cursor.position
      read(cursor, `column "${name}" of type ${type}`, () => {
        const walker = walkers.get(type) ?? walkerOf(type, revision)
        walkers.set(type, walker)
        if (rows === 0) return
        walker.prefix(cursor)
        walker.data(cursor, rows)
      })
    }
    yield native.subarray(from, cursor.position)
    from = cursor.position
  }
}

/** Whether the first block has a column whose zone the engine may have left out. */
export function mayLackZones(native: Buffer): boolean {
  const cursor = new NativeCursor(native)
  try {
    const columns = cursor.varuint()
    const rows = cursor.varuint()
    for (let column = 0; column < columns; column += 1) {
      cursor.skipTexts(1)
      const type = cursor.text()
      if (type === plainTime) return true
      const walker = createColumnWalker(type)
      if (rows === 0) continue
      walker.prefix(cursor)
      walker.data(cursor, rows)
    }
  } catch {
    // The walk of the whole answer will say what is wrong.
  }
  return false
}

const plainTime = 'DateTime'

function isZoneMissing(type: string, zoned: string | undefined): zoned is string {
  return type === plainTime && zoned?.startsWith('DateTime(') === true
}

const defaultKind = Buffer.from([0])

/** No aggregation overflow, no bucket, and later no buckets out of order. */
function blockInfo(revision: number): Buffer {
  if (revision === 0) return Buffer.alloc(0)
  const fields = [1, 0, 2, 0xff, 0xff, 0xff, 0xff]
  const buckets = revision >= outOfOrderBucketsRevision ? [3, 0] : []
  return Buffer.from([...fields, ...buckets, 0])
}

function walkerOf(type: string, revision: number): ColumnWalker {
  if (revision < lowCardinalityRevision && type.includes('LowCardinality(')) {
    throw new UnwalkableTypeError(type)
  }
  return createColumnWalker(type)
}

function textOf(text: string): Buffer {
  const bytes = Buffer.from(text)
  const head: number[] = []
  let rest = bytes.length
  for (; rest > 127; rest >>>= 7) head.push((rest & 127) | 128)
  return Buffer.concat([Buffer.from([...head, rest]), bytes])
}

function read<T>(cursor: NativeCursor, what: string, step: () => T): T {
  const at = cursor.position
  try {
    return step()
  } catch (error) {
    if (error instanceof UnwalkableTypeError) throw unwalkable(error.type, what)
    if (!(error instanceof NativeFormatError)) throw error
    throw notImplemented(`The answer cannot be read at byte ${at}, ${what}: ${error.message}`)
  }
}

function unwalkable(type: string, what: string): ClickhouseException {
  return notImplemented(
    `Values of type ${type} (${what}) cannot be given in the format Native with a ` +
      'client_protocol_version: convert them (finalizeAggregation, toString, CAST), or ask for ' +
      'another format or without client_protocol_version',
  )
}

function notImplemented(message: string): ClickhouseException {
  return new ClickhouseException('NOT_IMPLEMENTED', message)
}
