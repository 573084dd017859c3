// The file `lock` says which process has the folder: `{"pid":4242,"start":"<boot>/<ticks>"}`. The
// start tells a living owner from a stranger that got its id after a crash. It appears whole, by a
// hard link, or not at all.
import { readFileSync, renameSync, rmSync, writeFileSync, linkSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { codeOf } from './journal-files.ts'
import { JournalError } from './journal-error.ts'

const triesMax = 50
const tryWaitMs = 20

export interface FolderLock {
  release(): void
}

interface Owner {
  readonly pid: number
  /** Empty where the system does not say. */
  readonly start: string
}

/**
 * Takes the folder for this process; takes over a lock whose process is gone.
 *
 * @throws JournalError when another living process has it; system errors as they are
 */
export async function lockFolder(folder: string): Promise<FolderLock> {
  const path = join(folder, 'lock')
  const takeoverPath = join(folder, 'lock.takeover')
  const own = `${JSON.stringify({ pid: process.pid, start: startOf(process.pid) })}\n`
  for (let tries = 0; tries < triesMax; tries++) {
    if (create(path, own)) return { release: () => release(path, own) }
    refuseLiving(folder, read(path))
    // One process at a time looks a second time and clears away: two of them could else remove each
    // other's new lock.
    if (create(takeoverPath, own)) {
      try {
        refuseLiving(folder, read(path))
        rmSync(path, { force: true })
      } finally {
        rmSync(takeoverPath, { force: true })
      }
      continue
    }
    if (!isAlive(read(takeoverPath))) rmSync(takeoverPath, { force: true })
    await delay(tryWaitMs)
  }
  throw new JournalError(
    'journal_in_use',
    `Cannot lock the journal's folder "${folder}": other processes try at the same time; ` +
      `start only one service per data folder, and remove "${path}" if none is left`,
  )
}

/** @returns whether the file was made; false when there is one */
function create(path: string, text: string): boolean {
  const temporary = `${path}.${process.pid}`
  writeFileSync(temporary, text, { mode: 0o600 })
  try {
    linkSync(temporary, path)
    return true
  } catch (error) {
    const code = codeOf(error)
    if (code === 'EEXIST') return false
    if (code !== 'EPERM' && code !== 'ENOTSUP' && code !== 'ENOSYS') throw error
    return createWithoutLink(temporary, path, text)
  } finally {
    rmSync(temporary, { force: true })
  }
}

/** For file systems that know no hard links. */
function createWithoutLink(temporary: string, path: string, text: string): boolean {
  if (read(path) !== undefined) return false
  renameSync(temporary, path)
  return readFileSync(path, 'utf8') === text
}

function release(path: string, own: string): void {
  try {
    if (readFileSync(path, 'utf8') === own) rmSync(path, { force: true })
  } catch {
    // Gone already: then nothing is locked.
  }
}

function refuseLiving(folder: string, owner: Owner | undefined): void {
  if (!isAlive(owner) || owner === undefined) return
  throw new JournalError(
    'journal_in_use',
    `The journal's folder "${folder}" is in use by process ${owner.pid}: stop that service, or choose another data folder`,
  )
}

function read(path: string): Owner | undefined {
  try {
    const value = JSON.parse(readFileSync(path, 'utf8')) as Partial<Owner> | null
    const { pid, start } = value ?? {}
    if (typeof pid !== 'number' || !Number.isInteger(pid) || pid <= 0) return undefined
    return { pid, start: typeof start === 'string' ? start : '' }
  } catch {
    return undefined // None, or garbage: nobody's.
  }
}

function isAlive(owner: Owner | undefined): boolean {
  if (owner === undefined) return false
  try {
    process.kill(owner.pid, 0)
  } catch (error) {
    if (codeOf(error) !== 'EPERM') return false
  }
  const start = startOf(owner.pid)
  return start === '' || owner.start === '' || start === owner.start
}

/** The boot and the tick in which a process started; empty where the system does not say. */
function startOf(pid: number): string {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
    // The second field is the program's name in brackets, which may hold spaces and brackets.
    const afterName = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1) ?? ''
    const ticks = afterName.split(' ')[19]
    return ticks === undefined ? '' : `${boot}/${ticks}`
  } catch {
    return ''
  }
}
