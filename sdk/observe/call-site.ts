// Where the application's code called. Nothing here knows of paths: in a bundle the SDK, the
// library and the application are one file, and its functions may have any names.

/** The outermost function of ours on the stack: all frames up to it are not the application's. */
export type OutermostFunction = (...args: never[]) => unknown

/** From this column on a line is that of a minified bundle, and the line alone says nothing. */
const columnTold = 500

/** File, line and column at the end of a frame; a program of the command line has no ending. */
const place = /([^\\/():<>?#]+)(?:[?#][^()]*)?:(\d+):(\d+)\)?$/

/**
 * The place of a call: `cart.ts:12`, or undefined where the stack does not say.
 *
 * @param outermost its own frame and those within are left out
 * @param isLibrary whether a frame is the observed library's
 */
export function callSite(
  outermost: OutermostFunction,
  isLibrary: (frame: string) => boolean,
): string | undefined {
  const holder: { stack?: string } = {}
  const limit = Error.stackTraceLimit
  Error.stackTraceLimit = 20
  Error.captureStackTrace(holder, outermost)
  Error.stackTraceLimit = limit
  for (const frame of String(holder.stack).split('\n').slice(1)) {
    if (/\b(?:node|data):/.test(frame) || isLibrary(frame)) continue
    const match = place.exec(frame.replace(/^\s*at (?:async )?/, ''))
    if (match === null) continue
    const [, file, line, column] = match
    return Number(column) < columnTold ? `${file}:${line}` : `${file}:${line}:${column}`
  }
  return undefined
}

/** Whether a frame is a constructor of one of these classes, whatever a bundler called them. */
export function isConstructorOf(frame: string, names: readonly string[]): boolean {
  const made = /\bnew (?:\w+\.)*([\w$]+) \(/.exec(frame)?.[1]
  return made !== undefined && names.includes(made)
}
