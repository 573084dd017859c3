// The names of ClickHouse's types, as the Native format writes them, taken apart:
//
//   Tuple(a UInt8, `b c` Array(Enum8('x, y' = 1)))
//   └name┘└─ part ┘└─ part ──────────────────────┘

/** A type's name without what is in its brackets, and that, split at its commas. */
export interface TypeText {
  readonly name: string
  readonly parts: readonly string[]
}

export function parseTypeText(text: string): TypeText {
  const open = text.indexOf('(')
  if (open < 0) return { name: text.trim(), parts: [] }
  const close = text.lastIndexOf(')')
  const inner = text.slice(open + 1, close < open ? text.length : close)
  const name = text.slice(0, open).trim()
  // Of what has one part, it is all that is inside: nested ones are not searched again and again.
  return { name, parts: hasOnePart.has(name) ? [inner.trim()] : splitAtCommas(inner) }
}

const hasOnePart: ReadonlySet<string> = new Set(['Array', 'Nullable', 'LowCardinality'])

/** `name Type` of a tuple, of Nested or of a path of JSON; the name may be missing in a tuple. */
export function parseElement(part: string): { readonly name: string; readonly type: string } {
  const blank = firstBlank(part)
  if (blank === undefined) return { name: '', type: part }
  return { name: unquote(part.slice(0, blank)), type: part.slice(blank + 1).trim() }
}

/** A path's parts are quoted where they are no plain words. */
function unquote(name: string): string {
  return name.replace(/`((?:[^`\\]|\\.|``)*)`/gs, (_, quoted: string) =>
    quoted.replace(/\\(.)|``/gs, (pair, escaped?: string) =>
      escaped === undefined ? (pair[0] ?? '') : (escapes.get(escaped) ?? escaped),
    ),
  )
}

const escapes: ReadonlyMap<string, string> = new Map([
  ['n', '\n'],
  ['t', '\t'],
  ['r', '\r'],
  ['b', '\b'],
  ['f', '\f'],
  ['0', '\0'],
])

function splitAtCommas(text: string): readonly string[] {
  const parts: string[] = []
  let start = 0
  for (const { mark, at } of marksOf(text)) {
    if (mark !== ',') continue
    parts.push(text.slice(start, at).trim())
    start = at + 1
  }
  const last = text.slice(start).trim()
  return last === '' && parts.length === 0 ? [] : [...parts, last]
}

/** The blank between a name and its type, outside of quotes and brackets. */
function firstBlank(text: string): number | undefined {
  for (const { mark, at } of marksOf(text)) if (mark === ' ') return at
  return undefined
}

/** The commas and blanks outside of quotes and brackets. */
function* marksOf(text: string): Generator<{ readonly mark: string; readonly at: number }> {
  let depth = 0
  for (let at = 0; at < text.length; at += 1) {
    const mark = text[at] ?? ''
    if (mark === "'" || mark === '`' || mark === '"') at = closingQuote(text, at)
    else if (mark === '(') depth += 1
    else if (mark === ')') depth -= 1
    else if (depth === 0 && (mark === ',' || mark === ' ')) yield { mark, at }
  }
}

/** A doubled quote ends one quoted part and begins the next, which comes to the same here. */
function closingQuote(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at += 1) {
    if (text[at] === '\\') at += 1
    else if (text[at] === text[start]) return at
  }
  return text.length
}
