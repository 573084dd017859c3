// The file of rules and endpoints. Secrets may stand in the environment: ${NAME}.
import { checkRouter, RouterError, type RouterSettings } from '@wayward/collector'
import { readFileSync } from 'node:fs'
import { type Document, isNode, LineCounter, parseDocument } from 'yaml'
import { CommandError, exitCodes } from '../command-error.ts'
import { fill } from './channels.ts'

/** Reads the file; undefined where there is none. @throws CommandError with the line */
export function readRouter(
  path: string | undefined,
  env: Readonly<Record<string, string | undefined>> = process.env,
): RouterSettings | undefined {
  if (path === undefined) return undefined
  const lines = new LineCounter()
  const document = parseDocument(readText(path), { lineCounter: lines, prettyErrors: false })
  const [broken] = document.errors
  if (broken !== undefined) {
    throw refused(`${path}:${lines.linePos(broken.pos[0]).line}`, broken.message, broken)
  }
  const tell = (why: string): CommandError => refused(path, why)
  try {
    return checkRouter(fill(document.toJS({ maxAliasCount: 100 }), tell, env))
  } catch (error) {
    if (error instanceof CommandError) throw error
    if (!(error instanceof RouterError)) throw tell(String(error))
    const line = lineOf(document, lines, error.path)
    throw refused(line === undefined ? path : `${path}:${line}`, error.message, error)
  }
}

/** The line of the nearest thing on the way that is there. */
function lineOf(
  document: Document,
  lines: LineCounter,
  path: readonly (string | number)[],
): number | undefined {
  for (let length = path.length; length > 0; length--) {
    const node = document.getIn(path.slice(0, length), true)
    if (isNode(node) && node.range !== undefined && node.range !== null) {
      return lines.linePos(node.range[0]).line
    }
  }
  return undefined
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (cause) {
    throw refused(path, cause instanceof Error ? cause.message : String(cause), cause)
  }
}

function refused(place: string, why: string, cause?: unknown): CommandError {
  const message = `Cannot use "${place}" for --router: ${why}`
  return new CommandError(exitCodes.usage, message, { cause, page: 'router.md' })
}
