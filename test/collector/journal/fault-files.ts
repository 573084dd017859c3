import { basename } from 'node:path'
import {
  type JournalFile,
  type JournalFiles,
  realFiles,
} from '@wayward/collector/journal/journal-files'

export type Operation =
  | 'open'
  | 'write'
  | 'sync'
  | 'read'
  | 'rename'
  | 'remove'
  | 'truncate'
  | 'syncFolder'

export interface FaultFiles extends JournalFiles {
  /**
   * What the next calls do: throw, or for a write, take only so many bytes. Nothing: as the system
   * does.
   */
  fault: ((operation: Operation, fileName: string) => Error | number | undefined) | undefined
}

export function systemError(code: string): Error {
  return Object.assign(new Error(`${code}: made by the test`), { code })
}

/** The real file system, with faults. */
export function createFaultFiles(): FaultFiles {
  const check = (operation: Operation, path: string): number | undefined => {
    const fault = files.fault?.(operation, basename(path))
    if (fault instanceof Error) throw fault
    return fault
  }
  const files: FaultFiles = {
    ...realFiles,
    fault: undefined,
    async open(path, options) {
      check('open', path)
      return new FaultFile(await realFiles.open(path, options), path, check)
    },
    async rename(source, target) {
      check('rename', source)
      await realFiles.rename(source, target)
    },
    async remove(path) {
      check('remove', path)
      await realFiles.remove(path)
    },
    async syncFolder(folder) {
      check('syncFolder', folder)
      await realFiles.syncFolder(folder)
    },
  }
  return files
}

class FaultFile implements JournalFile {
  readonly #file: JournalFile
  readonly #path: string
  readonly #check: (operation: Operation, path: string) => number | undefined

  constructor(
    file: JournalFile,
    path: string,
    check: (operation: Operation, path: string) => number | undefined,
  ) {
    this.#file = file
    this.#path = path
    this.#check = check
  }

  async write(parts: readonly Uint8Array[], position: number): Promise<number> {
    const bytesMax = this.#check('write', this.#path)
    if (bytesMax === undefined) return await this.#file.write(parts, position)
    return await this.#file.write([Buffer.concat(parts).subarray(0, bytesMax)], position)
  }

  async read(target: Uint8Array, position: number): Promise<number> {
    this.#check('read', this.#path)
    return await this.#file.read(target, position)
  }

  readNow(target: Uint8Array, position: number): number {
    this.#check('read', this.#path)
    return this.#file.readNow(target, position)
  }

  async sync(): Promise<void> {
    this.#check('sync', this.#path)
    await this.#file.sync()
  }

  size(): Promise<number> {
    return this.#file.size()
  }

  async truncate(byteLength: number): Promise<void> {
    this.#check('truncate', this.#path)
    await this.#file.truncate(byteLength)
  }

  close(): Promise<void> {
    return this.#file.close()
  }
}
