// The part of a queue that is on the disk: what its endpoint cannot take now outlives the process.
//
//   <folder>/<number>-<items>.batch     a file for each batch, sent in the order of the numbers
//   file = frame …                      frame = signal (1) length (4) CRC-32 (4) request of OTLP
//
// A file comes into being by its rename, so there are no halves of it. What is damaged all the same
// is renamed to `….damaged`, and told.
import { crc32 } from 'node:zlib'
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Signal } from '../consumer.ts'
import { toItems, toRequestBody } from './item-request.ts'
import type { RoutedItem } from './routed-item.ts'

/** A batch that was taken out; one of the two must follow. */
export interface SpooledBatch {
  readonly items: readonly RoutedItem[]
  /** It is sent, or dropped. */
  remove(): Promise<void>
  /** It is the first again. */
  giveBack(): void
}

/** Batches on the disk. */
export interface Spool {
  /** Looks what is there from before. Rejects where the folder cannot be used. */
  open(): Promise<void>
  readonly items: number
  readonly batches: number
  readonly bytes: number
  /** Keeps a batch, at the end or at the beginning. False where there is no room. May reject. */
  append(items: readonly RoutedItem[], where?: 'end' | 'beginning'): Promise<boolean>
  /** Takes the first batch out. */
  take(): Promise<SpooledBatch | undefined>
}

/** What a spool is made of. */
export interface SpoolSettings {
  readonly folder: string
  readonly bytesMax: number
  /** Told of batches whose bytes are wrong. */
  onDamaged(items: number, message: string): void
}

interface SpoolFile {
  readonly name: string
  readonly items: number
  readonly bytes: number
}

const signals: readonly Signal[] = ['traces', 'logs', 'metrics']
const headBytes = 9
const namePattern = /^(\d{16})-(\d+)\.batch$/
/** Numbers below are for what is put back before the first. */
const firstNumber = 1_000_000_000

/** Makes a spool; it touches nothing before `open`. */
export function createSpool(settings: SpoolSettings): Spool {
  return new FolderSpool(settings)
}

class FolderSpool implements Spool {
  readonly #settings: SpoolSettings
  #files: SpoolFile[] = []
  #nextNumber = firstNumber
  #beforeNumber = firstNumber - 1
  items = 0
  bytes = 0

  constructor(settings: SpoolSettings) {
    this.#settings = settings
  }

  get batches(): number {
    return this.#files.length
  }

  async open(): Promise<void> {
    const { folder } = this.#settings
    await mkdir(folder, { recursive: true, mode: 0o700 })
    const names = (await readdir(folder)).toSorted()
    for (const name of names) {
      const [, number, items] = namePattern.exec(name) ?? []
      if (number === undefined) {
        // The rest of a file that was not finished.
        if (name.endsWith('.part')) await rm(join(folder, name), { force: true })
        continue
      }
      const { size } = await stat(join(folder, name))
      this.#add({ name, items: Number(items), bytes: size }, 'end')
      this.#nextNumber = Math.max(this.#nextNumber, Number(number) + 1)
      this.#beforeNumber = Math.min(this.#beforeNumber, Number(number) - 1)
    }
  }

  async append(items: readonly RoutedItem[], where: 'end' | 'beginning' = 'end'): Promise<boolean> {
    const { bytesMax, folder } = this.#settings
    const content = toFile(items)
    if (this.bytes + content.byteLength > bytesMax) return false
    const number = where === 'end' ? this.#nextNumber++ : this.#beforeNumber--
    const name = `${String(number).padStart(16, '0')}-${items.length}.batch`
    const path = join(folder, name)
    try {
      await writeFile(`${path}.part`, content, { mode: 0o600, flush: true })
      await rename(`${path}.part`, path)
    } catch (error) {
      await rm(`${path}.part`, { force: true }).catch(() => undefined)
      throw error
    }
    this.#add({ name, items: items.length, bytes: content.byteLength }, where)
    return true
  }

  async take(): Promise<SpooledBatch | undefined> {
    for (let file = this.#files.shift(); file !== undefined; file = this.#files.shift()) {
      const taken = file
      const { bytes, name } = taken
      this.items -= taken.items
      const path = join(this.#settings.folder, name)
      const read = await readBatch(path)
      if (!(read instanceof Error)) {
        return {
          items: read,
          remove: async () => {
            this.bytes -= bytes
            await rm(path, { force: true })
          },
          giveBack: () => {
            this.bytes -= bytes
            this.#add(taken, 'beginning')
          },
        }
      }
      this.bytes -= bytes
      await rename(path, `${path}.damaged`).catch(() => undefined)
      this.#settings.onDamaged(taken.items, `Cannot read "${path}": ${read.message}`)
    }
    return undefined
  }

  #add(file: SpoolFile, where: 'end' | 'beginning'): void {
    if (where === 'end') this.#files.push(file)
    else this.#files.unshift(file)
    this.items += file.items
    this.bytes += file.bytes
  }
}

function toFile(items: readonly RoutedItem[]): Buffer {
  const parts: Uint8Array[] = []
  for (const [index, signal] of signals.entries()) {
    const own = items.filter((item) => item.signal === signal)
    if (own.length === 0) continue
    const body = toRequestBody(signal, own)
    const head = Buffer.alloc(headBytes)
    head.writeUInt8(index)
    head.writeUInt32LE(body.byteLength, 1)
    head.writeUInt32LE(crc32(body), 5)
    parts.push(head, body)
  }
  return Buffer.concat(parts)
}

async function readBatch(path: string): Promise<RoutedItem[] | Error> {
  try {
    const content = await readFile(path)
    const items: RoutedItem[] = []
    for (let at = 0; at < content.byteLength; ) {
      const signal = signals[content.readUInt8(at)]
      const end = at + headBytes + content.readUInt32LE(at + 1)
      const body = content.subarray(at + headBytes, end)
      if (signal === undefined || end > content.byteLength) throw new Error('It is cut off')
      if (crc32(body) !== content.readUInt32LE(at + 5)) throw new Error('Its checksum is wrong')
      for (const item of toItems({ signal, encoding: 'protobuf', body })) items.push(item)
      at = end
    }
    return items
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error))
  }
}
