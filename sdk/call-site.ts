import { fileURLToPath } from 'node:url'

const ownUrl = new URL('.', import.meta.url).href
const ownPath = fileURLToPath(ownUrl)

/** Where the application's code called: `cart.ts:12`, or undefined where the stack does not tell. */
export function callSite(isLibrary: (frame: string) => boolean): string | undefined {
  const holder: { stack?: string } = {}
  const limit = Error.stackTraceLimit
  Error.stackTraceLimit = 20
  Error.captureStackTrace(holder, callSite)
  Error.stackTraceLimit = limit
  for (const frame of String(holder.stack).split('\n').slice(1)) {
    if (frame.includes(ownUrl) || frame.includes(ownPath) || frame.includes('node:')) continue
    if (isLibrary(frame)) continue
    const match = /([^\\/():]+\.[cm]?[jt]sx?)[^:()]*:(\d+):\d+\)?$/.exec(frame)
    if (match !== null) return `${match[1]}:${match[2]}`
  }
  return undefined
}
