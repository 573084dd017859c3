import { mkdirSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import {
  type JournalFile,
  type JournalFiles,
  realFiles,
} from '@wayward/collector/journal/journal-files'

const sectorBytes = 512

/** A file: as the processes see it, and as the disk has it. */
interface Node {
  bytes: Buffer
  size: number
  synced: Buffer
  syncedSize: number
  /** Sectors that are not on the disk. */
  readonly dirty: Set<number>
}

type Names = Map<string, Node>

export interface PowerCutFiles extends JournalFiles {
  readonly operations: number
  /** Called when the power goes, once. */
  onCut: (() => void) | undefined
  /** Writes what the disk has after the power went into a real folder. */
  materialize(folder: string): void
}

/**
 * A disk in memory that loses its power at the n-th operation: what was not synced may be there or
 * not, each sector for itself; names that were not synced are there up to some point.
 *
 * @param random gives numbers from 0 to 1
 */
export function createPowerCutFiles(random: () => number, cutAt: number): PowerCutFiles {
  return new PowerCut(random, cutAt)
}

class PowerCut implements PowerCutFiles {
  readonly #random: () => number
  readonly #cutAt: number
  readonly #names: Names = new Map()
  #syncedNames: Names = new Map()
  /** Names after each change since the last sync. */
  #pending: Names[] = []
  #isCut = false
  operations = 0
  onCut: (() => void) | undefined

  constructor(random: () => number, cutAt: number) {
    this.#random = random
    this.#cutAt = cutAt
  }

  /** @returns whether this is the operation in which the power goes */
  async step(): Promise<boolean> {
    await new Promise((resolve) => setImmediate(resolve))
    if (this.#isCut) throw new Error('The power is off')
    this.operations++
    if (this.operations < this.#cutAt) return false
    this.#isCut = true
    this.onCut?.()
    return true
  }

  off(): never {
    throw new Error('The power went off')
  }

  async open(path: string, { create }: { readonly create: boolean }): Promise<JournalFile> {
    if (await this.step()) this.off()
    let node = this.#names.get(basename(path))
    if (node === undefined) {
      if (!create) throw Object.assign(new Error('No such file'), { code: 'ENOENT' })
      node = {
        bytes: Buffer.alloc(0),
        size: 0,
        synced: Buffer.alloc(0),
        syncedSize: 0,
        dirty: new Set(),
      }
      this.#change((names) => node && names.set(basename(path), node))
    }
    return new PowerCutFile(this, node, this.#random)
  }

  async rename(source: string, target: string): Promise<void> {
    if (await this.step()) this.off()
    this.#change((names) => {
      const node = names.get(basename(source))
      names.delete(basename(source))
      if (node !== undefined) names.set(basename(target), node)
    })
  }

  async remove(path: string): Promise<void> {
    if (await this.step()) this.off()
    this.#change((names) => names.delete(basename(path)))
  }

  list(folder: string): Promise<string[]> {
    return Promise.resolve(folder.endsWith('set-aside') ? [] : [...this.#names.keys()])
  }

  /** The lock is a real file. */
  makeFolder(folder: string): Promise<void> {
    return realFiles.makeFolder(folder)
  }

  async syncFolder(): Promise<void> {
    if (await this.step()) this.off()
    this.#syncedNames = new Map(this.#names)
    this.#pending = []
  }

  #change(change: (names: Names) => void): void {
    change(this.#names)
    this.#pending.push(new Map(this.#names))
  }

  materialize(folder: string): void {
    mkdirSync(folder, { recursive: true })
    const changes = Math.floor(this.#random() * (this.#pending.length + 1))
    const names = changes === 0 ? this.#syncedNames : this.#pending[changes - 1]
    for (const [name, node] of names ?? []) writeFileSync(join(folder, name), this.#onDisk(node))
  }

  #onDisk(node: Node): Buffer {
    const size = this.#random() < 0.5 ? node.size : node.syncedSize
    const bytes = Buffer.alloc(Math.max(size, node.synced.byteLength, node.bytes.byteLength))
    bytes.set(node.synced)
    const share = this.#random()
    for (const sector of node.dirty) {
      if (this.#random() > share) continue
      const start = sector * sectorBytes
      bytes.set(node.bytes.subarray(start, start + sectorBytes), start)
    }
    return bytes.subarray(0, size)
  }
}

class PowerCutFile implements JournalFile {
  readonly #disk: PowerCut
  readonly #node: Node
  readonly #random: () => number

  constructor(disk: PowerCut, node: Node, random: () => number) {
    this.#disk = disk
    this.#node = node
    this.#random = random
  }

  async write(parts: readonly Uint8Array[], position: number): Promise<number> {
    const isLast = await this.#disk.step()
    let bytes = Buffer.concat(parts)
    if (isLast) bytes = bytes.subarray(0, Math.floor(this.#random() * bytes.byteLength))
    const node = this.#node
    const end = position + bytes.byteLength
    if (end > node.bytes.byteLength) {
      const larger = Buffer.alloc(end)
      larger.set(node.bytes)
      node.bytes = larger
    }
    node.bytes.set(bytes, position)
    node.size = Math.max(node.size, end)
    for (let at = Math.floor(position / sectorBytes); at * sectorBytes < end; at++)
      node.dirty.add(at)
    if (isLast) this.#disk.off()
    return bytes.byteLength
  }

  async read(target: Uint8Array, position: number): Promise<number> {
    if (await this.#disk.step()) this.#disk.off()
    return this.readNow(target, position)
  }

  readNow(target: Uint8Array, position: number): number {
    const end = Math.min(position + target.byteLength, this.#node.size)
    const part = this.#node.bytes.subarray(position, end)
    target.set(part)
    return part.byteLength
  }

  async sync(): Promise<void> {
    if (await this.#disk.step()) this.#disk.off()
    const node = this.#node
    node.synced = Buffer.from(node.bytes)
    node.syncedSize = node.size
    node.dirty.clear()
  }

  async size(): Promise<number> {
    return await Promise.resolve(this.#node.size)
  }

  async truncate(byteLength: number): Promise<void> {
    if (await this.#disk.step()) this.#disk.off()
    const node = this.#node
    const bytes = Buffer.alloc(byteLength)
    bytes.set(node.bytes.subarray(0, byteLength))
    node.bytes = bytes
    node.size = byteLength
  }

  async close(): Promise<void> {
    await Promise.resolve()
  }
}
