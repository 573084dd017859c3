// The escapes of JSON of two characters, by bytes: some senders write every slash of an address as
// one, and a text of its own for each such string takes 1 µs (`npm run bench -- decode`).

const backslash = 0x5c
/** What stands for each character behind a backslash; 0 where it is none of these. */
const meanings = new Uint8Array(256)
for (const [letter, meaning] of Object.entries({
  '"': '"',
  '\\': '\\',
  '/': '/',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
})) {
  meanings[letter.charCodeAt(0)] = meaning.charCodeAt(0)
}

/**
 * Writes the text of a string that has escapes.
 *
 * @param out has room for as many bytes as the string has
 * @returns where the text ends in `out`; -1 where there are other escapes, of four digits or wrong
 */
export function unescapeInto(
  source: Uint8Array,
  { start, end }: { readonly start: number; readonly end: number },
  out: Uint8Array,
  at: number,
): number {
  let to = at
  for (let p = start; p < end; p++) {
    let byte = source[p] as number
    if (byte === backslash) {
      byte = meanings[source[++p] as number] as number
      if (byte === 0) return -1
    }
    out[to++] = byte
  }
  return to
}
