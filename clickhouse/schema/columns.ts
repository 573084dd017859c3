/** A column as a table's .sql file declares it. */
export interface DeclaredColumn {
  readonly name: string
  readonly type: string
  /** The whole declaration, as ADD COLUMN takes it. */
  readonly declaration: string
}

const line =
  /^ {2}(?<declaration>(?:`(?<quoted>[^`]+)`|(?<plain>\w+)) (?<type>.+?) COMMENT '.*?),?$/gm

/** The columns of a CREATE TABLE of ours: one to a line, each with a comment. */
export function declaredColumns(sql: string): readonly DeclaredColumn[] {
  return Array.from(sql.matchAll(line), ({ groups }) => ({
    name: groups?.['quoted'] ?? groups?.['plain'] ?? '',
    type: groups?.['type'] ?? '',
    declaration: groups?.['declaration'] ?? '',
  }))
}

/**
 * Whether values of our type can be inserted into a column of theirs and keep their meaning.
 * ClickHouse converts numbers, times and texts by itself; a map into JSON, or a list into a text,
 * it refuses or turns into something else.
 */
export function isInsertable(ours: string, theirs: string): boolean {
  return kindOf(ours) === kindOf(theirs)
}

const wrappers = /^(?:Nullable|LowCardinality|SimpleAggregateFunction)\((.*)\)$/s

/** A type without what does not matter for an insert: width, precision, dictionary, absence. */
function kindOf(type: string): string {
  const wrapped = wrappers.exec(type)?.[1]
  if (wrapped !== undefined) return kindOf(wrapped.replace(/^(?:min|max|sum|any|anyLast), /, ''))
  const array = /^Array\((.*)\)$/s.exec(type)?.[1]
  if (array !== undefined) return `list of ${kindOf(array)}`
  const map = /^Map\(((?:LowCardinality\()?(?:Fixed)?String(?:\(\d+\))?\)?), (.*)\)$/s.exec(type)
  if (map?.[1] !== undefined && map[2] !== undefined) return `map to ${kindOf(map[2])}`
  if (/^(?:String|FixedString\(\d+\))$/.test(type)) return 'text'
  if (/^DateTime(?:64)?(?:\(.*\))?$/.test(type)) return 'time'
  if (/^(?:U?Int\d+|Float\d+|Bool|Decimal\(.*\))$/.test(type)) return 'number'
  return type
}
