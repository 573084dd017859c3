import type { Connection } from './database.ts'
import { isWord, tokensOf } from './statement-tokens.ts'

/**
 * The types of a statement's columns, with what the answer leaves out of them; none where it is not
 * one that DESCRIBE takes, which has no such types either.
 */
export async function describedTypes(
  connection: Connection,
  sql: string,
): Promise<readonly string[]> {
  const query = withoutFormat(sql)
  if (!/^[\s(]*(?:SELECT|WITH|FROM)\b/i.test(query)) return []
  try {
    // The statement may end with a comment.
    const { bytes } = await connection.run(`DESCRIBE (${query}\n)`, 'JSONCompactEachRow')
    const lines = bytes.toString().split('\n')
    return lines.filter((line) => line !== '').map((line) => String(JSON.parse(line)[1]))
  } catch {
    // The answer is there already; without the zones its times are the same moments.
    return []
  }
}

/** A subquery has no FORMAT, and nothing that follows it. */
function withoutFormat(sql: string): string {
  let depth = 0
  for (const token of tokensOf(sql)) {
    if (token.value === '(') depth += 1
    if (token.value === ')') depth -= 1
    const isEnd = token.value === ';' || isWord(token, 'FORMAT')
    if (depth === 0 && isEnd) return sql.slice(0, token.start)
  }
  return sql
}
