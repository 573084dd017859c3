// The requests of a load are encoded before its start. So that no two of them have the same bytes
// (a collector may recognise what was sent again), each is stamped with new trace and span ids
// before it is sent: some microseconds.

/**
 * Where this text stands in a request without ids (logs, metrics), the request's number is written
 * instead.
 */
export const stamp = 'request-0000000000'
const stampDigits = 10

/** An encoded request that can be made different from all others in place. */
export interface StampedBody {
  readonly bytes: Buffer
  /** Gives all spans new ids, with parents as before; ids of different numbers differ. */
  stamp(number: number): void
}

const spanIdBytes = 8
const traceIdBytes = 16

/**
 * @param bytes an encoded export request; it is changed in place
 * @param seed makes the ids of one load differ from those of another
 */
export function createStampedBody(bytes: Buffer, seed: number): StampedBody {
  const { offsets, lengths, idOf } = findIds(bytes)
  const starts = new Int32Array(Math.max(-1, ...idOf) + 1)
  const ids = starts.length
  const stampAt = bytes.indexOf(stamp)
  const digitsAt = stampAt < 0 ? -1 : stampAt + stamp.length - stampDigits
  return {
    bytes,
    stamp(number) {
      for (let place = 0; place < offsets.length; place++) {
        const offset = offsets[place] ?? 0
        const id = idOf[place] ?? 0
        const first = starts[id] ?? 0
        const length = lengths[place] ?? 0
        // A parent's id is that of a span already written.
        if (first > 0) bytes.copyWithin(offset, first, first + length)
        else {
          starts[id] = offset
          writeId(bytes, offset, length, number * ids + id, seed)
        }
      }
      starts.fill(0)
      if (digitsAt >= 0) bytes.write(String(number).padStart(stampDigits, '0'), digitsAt)
    },
  }
}

/**
 * An id like a random one. Its first word alone differs from that of every other number below 2^32.
 */
function writeId(
  bytes: Buffer,
  offset: number,
  length: number,
  number: number,
  seed: number,
): void {
  let word = number ^ seed
  for (let at = 0; at < length; at += 4) {
    word = mix(word)
    bytes.writeUInt32LE(word, offset + at)
    word += seed
  }
}

interface Ids {
  readonly offsets: readonly number[]
  /** Bytes of the id at this place. */
  readonly lengths: readonly number[]
  /** Places with the same number hold the same id. */
  readonly idOf: readonly number[]
}

const traceIdTag = 1 * 8 + 2
const spanIdTag = 2 * 8 + 2
const parentIdTag = 4 * 8 + 2

/** The ids stand at the beginning of a span: trace id, span id, and parent id if there is one. */
function findIds(bytes: Buffer): Ids {
  const offsets: number[] = []
  const lengths: number[] = []
  const idOf: number[] = []
  const known = new Map<string, number>()
  const head = Buffer.from([traceIdTag, traceIdBytes])
  const add = (offset: number, length: number): void => {
    const key = bytes.toString('hex', offset, offset + length)
    const id = known.get(key) ?? known.size
    known.set(key, id)
    offsets.push(offset)
    lengths.push(length)
    idOf.push(id)
  }
  for (let at = bytes.indexOf(head); at >= 0; at = bytes.indexOf(head, at + 1)) {
    const spanAt = at + 2 + traceIdBytes
    if (bytes[spanAt] !== spanIdTag || bytes[spanAt + 1] !== spanIdBytes) continue
    add(at + 2, traceIdBytes)
    add(spanAt + 2, spanIdBytes)
    const parentAt = spanAt + 2 + spanIdBytes
    if (bytes[parentAt] === parentIdTag && bytes[parentAt + 1] === spanIdBytes) {
      add(parentAt + 2, spanIdBytes)
    }
  }
  return { offsets, lengths, idOf }
}

/** 32 well-mixed bits, another for every number: the finalizer of MurmurHash3. */
function mix(number: number): number {
  let x = Math.imul(number ^ (number >>> 16), 0x85eb_ca6b)
  x = Math.imul(x ^ (x >>> 13), 0xc2b2_ae35)
  return (x ^ (x >>> 16)) >>> 0
}
