// A model: fields that lie in one file, which this thread alone writes.
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { defaultFields } from './default-fields.ts'
import { type Field, planOf } from './fields/field.ts'
import { type Backing, type BackingKind, openBacking } from './file/backing.ts'
import { currentNameValues, fileNameTemplate, fillTemplate, statsFolder } from './file/file-name.ts'
import { withNameLock } from './file/name-lock.ts'
import { filesOfProcess, freePath } from './file/own-files.ts'
import { encodeRecord, type EncodedRecord, type FormatVersion } from './format/record.ts'
import {
  assertDistinct,
  assertUnused,
  type LabeledField,
  labelFields,
  labelOne,
  nameCollision,
} from './model-fields.ts'
import { StatsFileError } from './stats-file-error.ts'

/** How a model's file is made. */
export interface StatsSettings {
  /**
   * The folder; it is made if it is not there.
   * @default MMSTATS_PATH, or that of temporary files
   */
  readonly path?: string
  /**
   * The name, with `{CMD}`, `{PID}`, `{TID}` and `{CLASS}`, or with `%PID%` and `%TID%`.
   * @default MMSTATS_FILES, or `{CMD}-{PID}-{TID}.mmstats`
   */
  readonly filename?: string
  /** What stands before each label. @default nothing */
  readonly prefix?: string
  /** Of the format; arrays and metric types need 2. @default 1 */
  readonly version?: FormatVersion
  /** Bytes kept for fields that are added later. @default 0 */
  readonly extraSpace?: number
  /** Whether the file says who writes it (`sys.pid` and so on). @default true */
  readonly defaults?: boolean
  /** The file's permissions, less the process's umask. @default 0o644 */
  readonly mode?: number
  /** Whether the file is mapped. @default 'auto': where it can be */
  readonly backing?: BackingKind | 'auto'
  /** The name that `{CLASS}` stands for. @default the name of the class */
  readonly name?: string
}

const pageBytes = 4096
const versionBytes = 1

interface Placed {
  readonly record: EncodedRecord
  readonly field: Field
  readonly at: number
}

interface OpenFile {
  readonly path: string
  readonly backing: Backing
  usedBytes: number
  readonly placed: Placed[]
}

/**
 * A model. Extend it with fields, or give `createStats` an object of them. Its methods are those
 * of the file; the fields go on to work after `remove()`, without a file.
 *
 * @example
 * ```ts
 * import { counter, MmStats, timer } from '@wayward/mmstats'
 *
 * class WebStats extends MmStats {
 *   readonly requests = counter()
 *   readonly seconds = timer({ label: 'requests.seconds' })
 * }
 * const stats = WebStats.create({ prefix: 'web.' })
 * stats.requests.increment()
 * stats.remove()
 * ```
 */
export class MmStats {
  readonly #settings: StatsSettings
  #file: OpenFile | undefined

  constructor(settings: StatsSettings = {}) {
    this.#settings = settings
  }

  /** Makes a model and its file. @throws StatsFileError if the file cannot be made */
  static create<T extends MmStats>(
    this: new (
      settings?: StatsSettings,
    ) => T,
    settings: StatsSettings = {},
  ): T {
    const stats = new this(settings)
    stats.open()
    return stats
  }

  /** The file's full path; empty while there is none. */
  get filename(): string {
    return this.#file?.path ?? ''
  }

  get prefix(): string {
    return this.#settings.prefix ?? ''
  }

  /** The file's bytes. */
  get size(): number {
    return this.#file?.backing.bytes.byteLength ?? 0
  }

  /** How updates reach the file: `mapped` or `written`; undefined while there is none. */
  get backing(): BackingKind | undefined {
    return this.#file?.backing.kind
  }

  /** Why the file is not mapped. */
  get backingReason(): string | undefined {
    return this.#file?.backing.reason
  }

  /** Updates that did not reach a file that is not mapped. */
  get failedWrites(): number {
    return this.#file?.backing.failedWrites() ?? 0
  }

  /** Makes the file of a model that was made with `new`. */
  open(): void {
    if (this.#file !== undefined) return
    const settings = this.#settings
    const own = labelFields(this, this.prefix)
    const labels = new Set(own.map(({ label }) => label))
    const defaults = settings.defaults === false ? [] : labelFields(defaultFields(), this.prefix)
    const fields = [...defaults.filter(({ label }) => !labels.has(label)), ...own]
    assertDistinct(fields)
    assertUnused(fields)
    const wanted = this.#wantedPath()
    this.#file = withNameLock(wanted, () => openFile(freePath(wanted), fields, settings))
  }

  #wantedPath(): string {
    const { path = statsFolder(), filename = fileNameTemplate(), name } = this.#settings
    const values = currentNameValues(name ?? this.constructor.name)
    return join(fillTemplate(path, values), fillTemplate(filename, values))
  }

  /**
   * Adds a field, or an object of fields as a group, to the file: in the rest of its last page or
   * in `extraSpace`.
   *
   * @throws StatsFileError `out-of-space`, `name-collision` or `removed`
   */
  add<T extends object>(name: string, field: T): T {
    const file = this.#file
    if (file === undefined) {
      throw new StatsFileError('removed', `Cannot add the field "${name}": the model has no file`)
    }
    if (name in this) throw nameCollision(name)
    const added = labelOne(name, field, this.prefix)
    if (added.length === 0) {
      throw new TypeError(`Cannot add "${name}": it holds no field; wanted counter() or another`)
    }
    assertDistinct(added)
    assertUnused(added)
    const taken = new Set(labelFields(this, this.prefix).map(({ label }) => label))
    const twice = added.find(({ label }) => taken.has(label))
    if (twice !== undefined) throw nameCollision(twice.label)
    appendFields(file, added, this.#settings.version ?? 1)
    Object.defineProperty(this, name, { value: field, enumerable: true })
    return field
  }

  /** Brings the file to the disk, as is needed only to outlive the machine. */
  flush(isAsync = false): void {
    this.#file?.backing.flush(isAsync)
  }

  /**
   * Removes the file; a second time does nothing. With `ofProcess` the other files go too that
   * this process has in the folder, those of its threads among them, as the original does.
   */
  remove({ ofProcess = false }: { readonly ofProcess?: boolean } = {}): void {
    const file = this.#file
    if (file === undefined) return
    this.#file = undefined
    for (const { field } of file.placed) field[planOf].cell.detach()
    file.backing.close()
    const others = ofProcess ? filesOfProcess(file.path) : []
    for (const path of [file.path, ...others]) rmSync(path, { force: true })
  }
}

/**
 * Makes a model of an object of fields, and its file. Objects inside it are groups.
 *
 * @param fields - fields by name; those of a group are `<group>.<field>` in the file
 * @param settings - where the file lies and what it is called
 * @returns the fields, with the methods of the file
 * @throws StatsFileError if the file cannot be made
 * @example
 * ```ts
 * import { counter, createStats, string } from '@wayward/mmstats'
 *
 * const stats = createStats({ jobs: { done: counter() }, state: string({ size: 32 }) })
 * stats.jobs.done.increment()
 * stats.state.value = 'waiting'
 * stats.remove()
 * ```
 */
export function createStats<F extends object>(
  fields: F,
  settings: StatsSettings = {},
): F & MmStats {
  const stats = new MmStats({ name: 'stats', ...settings })
  for (const name of Object.keys(fields)) if (name in stats) throw nameCollision(name)
  Object.assign(stats, fields)
  stats.open()
  return stats as F & MmStats
}

function openFile(
  path: string,
  fields: readonly LabeledField[],
  settings: StatsSettings,
): OpenFile {
  const { version = 1, extraSpace = 0, mode = 0o644, backing: kind = 'auto' } = settings
  const { placed, usedBytes } = place(fields, version, versionBytes)
  const bytes = new Uint8Array(Math.ceil((usedBytes + extraSpace) / pageBytes) * pageBytes)
  bytes[0] = version
  for (const one of placed) {
    one.field[planOf].prepare?.()
    bytes.set(one.record.bytes, one.at)
    moveInto(bytes, one)
  }
  try {
    const backing = openBacking({ path, bytes, mode, backing: kind })
    for (const one of placed) moveInto(backing.bytes, one, backing.write)
    return { path, backing, usedBytes, placed }
  } catch (error) {
    for (const { field } of placed) field[planOf].cell.detach()
    throw error
  }
}

function place(
  fields: readonly LabeledField[],
  version: FormatVersion,
  start: number,
): { readonly placed: Placed[]; readonly usedBytes: number } {
  let at = start
  const placed = fields.map(({ label, field }) => {
    const record = encodeRecord(label, field[planOf].spec, version)
    const one = { record, field, at }
    at += record.bytes.byteLength
    return one
  })
  return { placed, usedBytes: at }
}

function moveInto(
  bytes: Uint8Array,
  { record, field, at }: Placed,
  write?: Backing['write'],
): void {
  const indexAt = record.indexAt === undefined ? undefined : at + record.indexAt
  field[planOf].cell.move(bytes, indexAt, at + record.valueAt, write)
}

/** The records first, their first bytes last: readers never see a part of one. */
function appendFields(
  file: OpenFile,
  fields: readonly LabeledField[],
  version: FormatVersion,
): void {
  const { backing } = file
  const { placed, usedBytes } = place(fields, version, file.usedBytes)
  if (usedBytes > backing.bytes.byteLength) {
    throw new StatsFileError(
      'out-of-space',
      `Cannot add ${usedBytes - file.usedBytes} bytes to "${file.path}": ${backing.bytes.byteLength - file.usedBytes} are left; wanted a larger extraSpace`,
    )
  }
  const sizeBytes = version === 1 ? 2 : 4
  for (const one of placed) {
    one.field[planOf].prepare?.()
    backing.bytes.set(one.record.bytes.subarray(sizeBytes), one.at + sizeBytes)
    moveInto(backing.bytes, one, backing.write)
  }
  for (const one of placed.toReversed()) {
    const { bytes } = one.record
    backing.write?.(one.at + sizeBytes, bytes.byteLength - sizeBytes)
    backing.bytes.set(bytes.subarray(0, sizeBytes), one.at)
    backing.write?.(one.at, sizeBytes)
  }
  file.usedBytes = usedBytes
  file.placed.push(...placed)
}
