// Where the application asked: function, file and line. A stack costs microseconds, so it is
// taken of what has to wait anyway, and of the rest of a class now and then.
import { fileURLToPath } from 'node:url'
import { writeSite } from '@wayward/record'

/** Of so many requests of a class that need not wait, one says where it was made. */
const sampledEvery = 1000
const classesMax = 10_000
const framesFew = 3
const framesMax = 20

/** A function that the application calls. */
export type Door = (...args: never[]) => unknown

/** When the next one of a class is to say where it was made. */
export interface SiteSampling {
  readonly name: string
  left: number
}

/** What no class has had yet. */
export const noSampling: SiteSampling = { name: '', left: 0 }

/** Whose sampling it is. */
interface Sampled {
  readonly name: string
  sampling: SiteSampling
}

const preparing = 'prepareStackTrace'
// Bundlers that make CommonJS leave it out.
const ownFolder = folderOf(import.meta.url)

/** Takes places for one thread. */
export class CallSites {
  readonly #samplings = new Map<string, SiteSampling>()

  /** The place of a request that need not wait, where it is its turn to say; else nothing. */
  sample(subject: Sampled, door: Door): string {
    let { sampling } = subject
    if (sampling.name !== subject.name || sampling === noSampling) {
      sampling = subject.sampling = this.#samplingOf(subject.name)
    }
    if (sampling.left-- > 0) return ''
    sampling.left = sampledEvery - 1
    return takeSite(door)
  }

  #samplingOf(name: string): SiteSampling {
    const known = this.#samplings.get(name)
    if (known !== undefined) return known
    // A program that makes up names gets no more of them.
    const found = { name, left: this.#samplings.size < classesMax ? 0 : Number.POSITIVE_INFINITY }
    if (this.#samplings.size < classesMax) this.#samplings.set(name, found)
    return found
  }
}

/**
 * The place that called, of the application's own code, as one text; empty where none is seen.
 *
 * @param door the function of ours that was called: frames up to it are not looked at
 */
export function takeSite(door: Door): string {
  // Frames cost: most callers are the application itself, or one step of a library away.
  return lookFor(door, framesFew) || lookFor(door, framesMax)
}

function lookFor(door: Door, frames: number): string {
  const { stackTraceLimit } = Error
  const before: unknown = Reflect.get(Error, preparing)
  const holder: { stack?: string } = {}
  // An application may have frozen it.
  if (!Reflect.set(Error, preparing, pick)) return ''
  try {
    Reflect.set(Error, 'stackTraceLimit', frames)
    Error.captureStackTrace(holder, door)
    return holder.stack ?? ''
  } catch {
    return ''
  } finally {
    Reflect.set(Error, preparing, before)
    Reflect.set(Error, 'stackTraceLimit', stackTraceLimit)
  }
}

/** Frames of ours, of packages and of Node are not the application's. */
function pick(_error: Error, frames: readonly NodeJS.CallSite[]): string {
  if (ownFolder === undefined) return ''
  for (const frame of frames) {
    const name = frame.getFileName()
    if (name === null || name === undefined || name.startsWith('node:')) continue
    const file = name.startsWith('file:') ? fileURLToPath(name) : name
    if (file.startsWith(ownFolder) || /[\\/]node_modules[\\/]/.test(file)) continue
    const called = frame.getFunctionName() ?? ''
    return writeSite({ functionName: called, file, line: frame.getLineNumber() ?? 0 })
  }
  return ''
}

/**
 * The package's folder. In a bundle that is the application's own, or none is known, and no frame
 * is seen: what its functions are called says nothing there.
 */
function folderOf(url: string | undefined): string | undefined {
  return url === undefined ? undefined : fileURLToPath(new URL('..', url))
}
