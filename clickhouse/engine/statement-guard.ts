// What may run is judged by the engine's own parser, never by patterns on the text: comments,
// quoting and encodings cannot be used to get a different reading here than there. The patterns
// below only decide whether the closer look is needed, and they err on the side of looking.
import type { Connection } from './database.ts'
import { ClickhouseException, exceptionFrom } from './exception.ts'
import { quoteString } from './sql-text.ts'

const classReadOnly = 0
const classUnknown = 4

/** @throws ClickhouseException unless the text is exactly one statement that parses */
export async function guardSingle(connection: Connection, sql: string): Promise<number> {
  const { statementCount, queryClass } = await connection.analyze(sql)
  if (statementCount > 1) {
    throw syntaxError(
      `the text has ${statementCount} statements (Multi-statements are not allowed)`,
    )
  }
  if (queryClass === classUnknown || statementCount === 0) {
    // Such a text must not be run to see what the engine says: it runs the first statements of a
    // text before it finds out that a later one does not parse. As a string it is only parsed.
    if (/^\s*;?\s*$/.test(sql)) throw syntaxError('Empty query')
    try {
      await connection.run(`SELECT formatQuery(${quoteString(sql)})`, 'Null')
    } catch (error) {
      const { code, errorName, message } = exceptionFrom(error)
      throw new ClickhouseException(code, errorName, message.replace(ownScope, ''))
    }
  }
  return queryClass
}

/** @throws ClickhouseException unless the text is one statement that only reads tables */
export async function guardReading(
  connection: Connection,
  sql: string,
  parameters: ReadonlyMap<string, string>,
): Promise<void> {
  if ((await guardSingle(connection, sql)) !== classReadOnly) {
    throw readonly('Cannot execute query in readonly mode: this account may only read')
  }
  await guardFunctions(connection, sql, parameters)
}

/** What the engine says about the question that carried the text. */
const ownScope = /: In scope SELECT formatQuery\([^]*$/

function syntaxError(message: string): ClickhouseException {
  return new ClickhouseException(62, 'SYNTAX_ERROR', `Syntax error: ${message}`)
}

/**
 * Scalar functions that reach files, programs or the network; the engine checks no right for them.
 */
const forbiddenWords = 'file|eval|catboostEvaluate|hasColumnInTable|ai[A-Z]\\w*'
const forbiddenWord = new RegExp(`\\b(?:${forbiddenWords})\\b`)
const forbiddenNode = new RegExp(
  `^ *(?:Function|Identifier|TableFunction) (?:${forbiddenWords})(?: |$)`,
  'm',
)
const applyNode = /^ *ColumnsApplyTransformer/m

async function guardFunctions(
  connection: Connection,
  sql: string,
  parameters: ReadonlyMap<string, string>,
): Promise<void> {
  if (/:\s*Identifier\b/i.test(sql)) {
    for (const value of parameters.values()) {
      if (forbiddenWord.test(value) || value.includes('\\')) throw forbidden(value)
    }
  }
  // A quoted name can be spelled with escapes, so every backslash asks for the closer look, too.
  const word = forbiddenWord.exec(sql)?.[0]
  if (word === undefined && !sql.includes('\\')) return
  let tree: string
  try {
    tree = (await connection.run(`EXPLAIN AST ${sql}`, 'TSVRaw')).bytes.toString()
  } catch {
    // For example a SHOW with its own clauses. Without a tree nothing is known, so the word is not
    // let through.
    throw forbidden(word ?? '\\')
  }
  const isHidden = /^ *(?:Show|Explain|Exists|Check)/.test(tree) && !tree.includes('SelectQuery')
  if (forbiddenNode.test(tree) || applyNode.test(tree) || isHidden) throw forbidden(word ?? '\\')
}

function forbidden(word: string): ClickhouseException {
  return readonly(
    `Cannot execute query in readonly mode: this account cannot use "${word}" here. Functions that read files ` +
      'or reach the network are closed to it, and so is APPLY together with such a name',
  )
}

function readonly(message: string): ClickhouseException {
  return new ClickhouseException(164, 'READONLY', message)
}
