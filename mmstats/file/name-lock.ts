// Only one thread at a time looks for a name and takes it: threads and processes that start
// together with the same name would else take the file of one another away.
import { closeSync, constants, openSync, readSync, rmSync, writeSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { makeFolder } from './make-folder.ts'

/** Taking a name takes a millisecond; who holds the lock for longer has died over it. */
const waitsMax = 1000
const waitMs = 1

/** Does the work while no other thread looks for that name. */
export function withNameLock<T>(path: string, work: () => T): T {
  const lock = join(dirname(path), `.${basename(path)}.lock`)
  const isLocked = take(lock)
  try {
    return work()
  } finally {
    if (isLocked) rmSync(lock, { force: true })
  }
}

/** @returns false where there can be no lock: the work fails there as well, and says why */
function take(lock: string): boolean {
  const sleeper = new Int32Array(new SharedArrayBuffer(4))
  try {
    makeFolder(dirname(lock))
    for (let waits = 0; !tryTake(lock); waits++) {
      if (waits >= waitsMax || isLeftOver(lock)) rmSync(lock, { force: true })
      else Atomics.wait(sleeper, 0, 0, waitMs)
    }
    return true
  } catch {
    return false
  }
}

function tryTake(lock: string): boolean {
  let descriptor: number
  try {
    descriptor = openSync(lock, 'wx', 0o644)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false
    throw error
  }
  try {
    writeSync(descriptor, String(process.pid))
  } finally {
    closeSync(descriptor)
  }
  return true
}

/** Whether the process that holds it has ended. */
function isLeftOver(lock: string): boolean {
  const pid = Number(readLock(lock))
  if (!(pid > 0)) return false
  try {
    process.kill(pid, 0)
    return false
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'ESRCH'
  }
}

function readLock(lock: string): string {
  try {
    // Somebody may have put a pipe there, which is not waited for.
    const descriptor = openSync(lock, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0))
    try {
      const bytes = Buffer.alloc(16)
      return bytes.toString('latin1', 0, readSync(descriptor, bytes, 0, bytes.byteLength, 0))
    } finally {
      closeSync(descriptor)
    }
  } catch {
    // It was given back in the meantime.
    return ''
  }
}
