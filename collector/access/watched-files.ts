// Files whose content is used while the service runs: certificates, keys, tokens. They are read
// again every few seconds and compared by content. Neither fs.watch nor the time of change would
// do: Kubernetes swaps a link two folders above the file, and other tools write a file in place and
// bit by bit.
import type { Time, Timer } from '@wayward/base'
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs'

/**
 * How often the files are looked at; a change is taken at the second look, so within twice this
 * time.
 */
const lookEveryMs = 2_000
const fileBytesMax = 1024 * 1024

/** The contents of the files, in the order of their paths. */
export type FileContents = readonly Buffer[]

/** Files that are read again until `stop`. */
export interface WatchedFiles {
  stop(): void
}

export interface WatchedFilesParts {
  readonly paths: readonly string[]
  /** What is in use now; the first change is seen against it. */
  readonly contents: FileContents
  /** The contents are others than before, and were the same at two looks. */
  readonly onChange: (contents: FileContents) => void
  /** A file cannot be read now; called once for each new reason. */
  readonly onUnreadable: (error: Error) => void
  /** Called at every look, whether something has changed or not. */
  readonly onLook?: () => void
  readonly lookIntervalMs?: number
  readonly time: Time
}

/** Starts to look; that does not keep the process alive. */
export function watchFiles(parts: WatchedFilesParts): WatchedFiles {
  let used = parts.contents
  let seen = parts.contents
  let unreadable = ''

  function look(): void {
    parts.onLook?.()
    let now: FileContents
    try {
      now = parts.paths.map((path) => readWhole(path))
    } catch (error) {
      const cause = error instanceof Error ? error : new Error(String(error))
      if (cause.message !== unreadable) parts.onUnreadable(cause)
      unreadable = cause.message
      return
    }
    unreadable = ''
    const isSettled = isSame(now, seen)
    seen = now
    if (!isSettled || isSame(now, used)) return
    used = now
    parts.onChange(now)
  }

  let timer = lookLater()
  function lookLater(): Timer {
    return parts.time
      .after(parts.lookIntervalMs ?? lookEveryMs, () => {
        timer = lookLater()
        look()
      })
      .unref()
  }
  return { stop: () => timer.cancel() }
}

/**
 * A whole file, at once: the files are small, and local.
 *
 * @throws Error where it is no plain file (a pipe could be read only once, and reading it could
 *   wait for ever), or too large
 */
export function readWhole(path: string): Buffer {
  // Without O_NONBLOCK to open a pipe would wait for its writer.
  const file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  try {
    const stat = fstatSync(file)
    if (!stat.isFile()) throw new Error(`"${path}" is not a plain file`)
    if (stat.size > fileBytesMax) {
      throw new Error(`"${path}" has ${stat.size} bytes; at most ${fileBytesMax} are read`)
    }
    const content = Buffer.alloc(stat.size)
    return content.subarray(0, readSync(file, content, 0, stat.size, 0))
  } finally {
    closeSync(file)
  }
}

function isSame(left: FileContents, right: FileContents): boolean {
  return left.every((content, index) => content.equals(right[index] ?? Buffer.alloc(0)))
}
