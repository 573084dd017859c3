const headLengthBytes = 4
/** Reads all of it. @throws Error where it is cut */
export function readBytes(bytes) {
  const headLength = new DataView(bytes).getUint32(0, true)
  const text = new TextDecoder().decode(new Uint8Array(bytes, headLengthBytes, headLength))
  const { runs, ...others } = JSON.parse(text)
  let at = Math.ceil((headLengthBytes + headLength) / 4) * 4
  const take = (length) => {
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
//# sourceMappingURL=read-bytes.js.map
