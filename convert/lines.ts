// Lines of what comes in chunks. Only a line feed ends one: JSON may have U+2028 within a text.

/** Longer ones are nobody's: a request has 500 items. */
const lineBytesMax = 256 * 1024 * 1024
const lineFeed = 0x0a

/**
 * The lines as they come, without their line feeds, many at a time; what is behind the last line
 * feed is one if it is not empty. They share the memory of the chunks.
 */
export async function* linesOf(
  chunks: AsyncIterable<Uint8Array>,
): AsyncGenerator<readonly Buffer[]> {
  let parts: Buffer[] = []
  let bytes = 0
  for await (const chunk of chunks) {
    const all = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)
    const lines: Buffer[] = []
    let start = 0
    for (let end = all.indexOf(lineFeed); end >= 0; end = all.indexOf(lineFeed, start)) {
      const line = all.subarray(start, end)
      lines.push(parts.length === 0 ? line : Buffer.concat([...parts, line]))
      parts = []
      bytes = 0
      start = end + 1
    }
    if (start < all.length) {
      parts.push(all.subarray(start))
      bytes += all.length - start
      if (bytes > lineBytesMax) throw new RangeError(`A line is longer than ${lineBytesMax} bytes`)
    }
    if (lines.length > 0) yield lines
  }
  if (parts.length > 0) yield [Buffer.concat(parts)]
}
