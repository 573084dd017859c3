// Lines of what comes in chunks. Only a line feed ends one: JSON may have U+2028 within a text.

/** Longer ones are nobody's: a request has 500 items. */
const lineLengthMax = 256 * 1024 * 1024

/** The lines, without their line feeds; what is behind the last one is one if it is not empty. */
export async function* linesOf(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder()
  let parts: string[] = []
  let length = 0
  for await (const chunk of chunks) {
    const [first = '', ...others] = decoder.decode(chunk, { stream: true }).split('\n')
    parts.push(first)
    length += first.length
    if (length > lineLengthMax) {
      throw new RangeError(`A line is longer than ${lineLengthMax} characters`)
    }
    if (others.length === 0) continue
    yield parts.join('')
    const rest = others.pop() ?? ''
    yield* others
    parts = [rest]
    length = rest.length
  }
  const last = parts.join('')
  if (last !== '') yield last
}
