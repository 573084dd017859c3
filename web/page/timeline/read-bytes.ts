// The boxes of an answer of bytes: the numbers are read where they lie, and nothing is made of them
// one by one. The form is told in the API's timeline-boxes.ts.
import type { TimelineData } from '../ask.ts'

interface Head extends Omit<TimelineData, 'runs'> {
  readonly runs: readonly {
    readonly lane: number
    readonly state: number
    readonly boxes: number
  }[]
}

const headLengthBytes = 4

/** Reads all of it. @throws Error where it is cut */
export function readBytes(bytes: ArrayBuffer): TimelineData {
  const headLength = new DataView(bytes).getUint32(0, true)
  const text = new TextDecoder().decode(new Uint8Array(bytes, headLengthBytes, headLength))
  const { runs, ...others } = JSON.parse(text) as Head
  let at = Math.ceil((headLengthBytes + headLength) / 4) * 4
  const take = (length: number): Float32Array => {
    const column = new Float32Array(bytes, at, length)
    at += column.byteLength
    return column
  }
  return {
    ...others,
    runs: runs.map(({ boxes, lane, state }) => ({
      lane,
      state,
      count: take(boxes),
      start: take(boxes),
      end: take(boxes),
    })),
  }
}
