// Files, named by a template, so that there can be one for each day or service. A file that has
// grown to its size is put aside, compressed where that is asked for; after a rotation by others,
// SIGHUP opens it anew.
import { createReadStream, createWriteStream } from 'node:fs'
import { type FileHandle, mkdir, open, rename, rm } from 'node:fs/promises'
import { dirname, join, normalize, resolve } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import { type Endpoint, sent } from '../endpoint.ts'
import type { Template } from '../item-text.ts'
import { lineMaker, templateOf } from '../line-format.ts'
import type { RoutedItem } from '../routed-item.ts'
import type { SettingReader } from '../router-settings.ts'

const filesMax = 100

/** Makes the endpoint: `path`, `format`, `bytesMax`, `keep`, `gzip`, `fsync`. */
export function createFileEndpoint(settings: SettingReader): Endpoint {
  return new FileEndpoint({
    toPath: templateOf(settings, 'path', settings.text('path')),
    folder: folderOf(settings.text('path')),
    toLine: lineMaker(settings),
    bytesMax: settings.number('bytesMax', Number.MAX_SAFE_INTEGER, 1024),
    keep: settings.number('keep', 5, 1, 1_000),
    isCompressed: settings.flag('gzip', false),
    isSynced: settings.flag('fsync', false),
    pathsMax: settings.number('files', 1_000, 1, 1_000_000),
  })
}

interface FileParts {
  readonly toPath: Template
  /** Outside of which no item can lead. */
  readonly folder: string
  readonly toLine: Template
  readonly bytesMax: number
  readonly keep: number
  readonly isCompressed: boolean
  readonly isSynced: boolean
  /** So many names a day; what comes under more goes to one file for all. */
  readonly pathsMax: number
}

interface OpenFile {
  readonly handle: FileHandle
  bytes: number
}

/** The folders before the first part that depends on the item. */
function folderOf(path: string): string {
  const fixed = path.slice(0, path.includes('{') ? path.indexOf('{') : path.length)
  return resolve(fixed.endsWith('/') ? fixed : dirname(fixed))
}

class FileEndpoint implements Endpoint {
  readonly #parts: FileParts
  readonly #files = new Map<string, OpenFile>()
  /** Of a batch that is tried again, the files that have their part. */
  readonly #done = new WeakMap<readonly RoutedItem[], Set<string>>()
  #isStale = false
  readonly #paths = new Set<string>()
  #day = ''

  constructor(parts: FileParts) {
    this.#parts = parts
  }

  render(items: readonly RoutedItem[]): string {
    return items.map((item) => `${this.#pathOf(item)}: ${this.#parts.toLine(item)}`).join('\n')
  }

  async send(items: readonly RoutedItem[]): Promise<{ readonly status: 'sent' }> {
    if (this.#isStale) await this.close()
    this.#isStale = false
    const texts = new Map<string, string>()
    for (const item of items) {
      const path = this.#pathOf(item)
      texts.set(path, `${texts.get(path) ?? ''}${this.#parts.toLine(item)}\n`)
    }
    const done = this.#done.get(items) ?? new Set<string>()
    this.#done.set(items, done)
    for (const [path, text] of texts) {
      if (done.has(path)) continue
      await this.#append(path, Buffer.from(text))
      done.add(path)
    }
    return sent as { readonly status: 'sent' }
  }

  reopen(): void {
    this.#isStale = true
  }

  async close(): Promise<void> {
    const files = [...this.#files.values()]
    this.#files.clear()
    for (const { handle } of files) await handle.close()
  }

  /** A name from outside stays one name: it leads to no other folder. */
  #pathOf(item: RoutedItem): string {
    const { folder, toPath } = this.#parts
    const plain = toPath(withCleanNames(item)).replace(/[^\x20-\x7E\u00A0-\uFFFF]/g, '_')
    const path = resolve(normalize(plain))
    return path.startsWith(`${folder}/`) && this.#mayUse(path) ? path : join(folder, 'other')
  }

  /** Anybody may send under a hundred thousand names. */
  #mayUse(path: string): boolean {
    const day = new Date().toISOString().slice(0, 10)
    if (day !== this.#day) this.#paths.clear()
    this.#day = day
    if (this.#paths.has(path)) return true
    if (this.#paths.size >= this.#parts.pathsMax) return false
    this.#paths.add(path)
    return true
  }

  async #append(path: string, bytes: Buffer): Promise<void> {
    const { bytesMax, isSynced } = this.#parts
    let file = await this.#fileOf(path)
    if (file.bytes > 0 && file.bytes + bytes.length > bytesMax) {
      await this.#rotate(path, file)
      file = await this.#fileOf(path)
    }
    try {
      // `appendFile` writes all of it, or rejects.
      await file.handle.appendFile(bytes)
    } catch (error) {
      // On a full disk a part of it may be there: what is tried again begins where this did.
      await file.handle.truncate(file.bytes).catch(() => undefined)
      throw error
    }
    file.bytes += bytes.length
    if (isSynced) await file.handle.datasync()
  }

  async #fileOf(path: string): Promise<OpenFile> {
    const known = this.#files.get(path)
    if (known !== undefined) return known
    if (this.#files.size >= filesMax) await this.close()
    await mkdir(dirname(path), { recursive: true })
    const handle = await open(path, 'a')
    const file = { handle, bytes: (await handle.stat()).size }
    this.#files.set(path, file)
    return file
  }

  /** `app.log` becomes `app.log.1`, that `app.log.2`, and so on; the last is removed. */
  async #rotate(path: string, { handle }: OpenFile): Promise<void> {
    const { isCompressed, keep } = this.#parts
    const ending = isCompressed ? '.gz' : ''
    this.#files.delete(path)
    await handle.close()
    await rm(`${path}.${keep}${ending}`, { force: true })
    for (let number = keep - 1; number >= 1; number--) {
      await renameIfThere(`${path}.${number}${ending}`, `${path}.${number + 1}${ending}`)
    }
    await rename(path, `${path}.1`)
    if (!isCompressed) return
    await pipeline(createReadStream(`${path}.1`), createGzip(), createWriteStream(`${path}.1.gz`))
    await rm(`${path}.1`)
  }
}

async function renameIfThere(from: string, to: string): Promise<void> {
  try {
    await rename(from, to)
  } catch (error) {
    const isMissing = error instanceof Error && 'code' in error && error.code === 'ENOENT'
    if (!isMissing) throw error
  }
}

/** The item with names that hold no slashes and do not begin with a dot, for its path only. */
function withCleanNames(item: RoutedItem): RoutedItem {
  const clean = (text: string): string =>
    text.replace(/\//g, '_').replace(/^\.+/, '_').slice(0, 100)
  const cleanAll = (attributes: RoutedItem['tags'] = []): RoutedItem['tags'] =>
    attributes.map((one) =>
      one.value?.stringValue === undefined
        ? one
        : { ...one, value: { stringValue: clean(one.value.stringValue) } },
    )
  const { origins, record, tags } = item
  const resource = { ...origins.resource, attributes: cleanAll(origins.resource.attributes) }
  const attributes = cleanAll(record.attributes)
  return {
    ...item,
    origins: { ...origins, resource },
    tags: cleanAll(tags),
    record: { ...record, attributes },
  }
}
