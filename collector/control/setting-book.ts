// What was set, in the order in which it was set; the last one that fits counts. It is in a file,
// which is written anew and put in the place of the old one before a change is answered:
//
//   control.json  { "version": 1, "settings": [{ "setting": "severity", "client": "shop*", … }] }
import type { Logger } from '@wayward/base'
import { createHash } from 'node:crypto'
import { readFileSync, renameSync } from 'node:fs'
import { open, rename } from 'node:fs/promises'
import { dirname } from 'node:path'
import {
  type ClientKind,
  type ControlSetting,
  controlSettings,
  isFor,
  type SettingKey,
  type ToldSetting,
  whyNotSetting,
} from './control-setting.ts'

/** What became of a change. */
export type ChangeOutcome =
  | { readonly status: 'kept' }
  | { readonly status: 'unknown' }
  | { readonly status: 'full' | 'failed'; readonly message: string }

/** What a client is told. */
export interface Told {
  /** Another one where what is told is another. */
  readonly revision: string
  readonly settings: readonly ToldSetting[]
}

/** Keeps what was set. */
export interface SettingBook {
  all(): readonly ControlSetting[]
  /** For who reports under this name. */
  toldTo(kind: ClientKind, reportedName: string): Told
  set(setting: ControlSetting): Promise<ChangeOutcome>
  unset(key: SettingKey): Promise<ChangeOutcome>
  /** What was lost, for people; undefined where nothing was. */
  readonly problem: string | undefined
}

/** What it works with. */
export interface SettingBookParts {
  /** Without it what is set is lost at the end of the process. */
  readonly file: string | undefined
  readonly settingsMax: number
  readonly logger: Logger
}

const fileVersion = 1
const fileBytesMax = 4 * 1024 * 1024

/** Opens the book; a file that cannot be read is put aside, and that is told. */
export function openSettingBook(parts: SettingBookParts): SettingBook {
  return new Book(parts)
}

class Book implements SettingBook {
  readonly #parts: SettingBookParts
  readonly problem: string | undefined
  #settings: readonly ControlSetting[] = []
  /** Changes are made one after the other. */
  #last: Promise<unknown> = Promise.resolve()
  readonly #told = new Map<string, Told>()

  constructor(parts: SettingBookParts) {
    this.#parts = parts
    this.problem = this.#load()
  }

  all(): readonly ControlSetting[] {
    return this.#settings
  }

  toldTo(kind: ClientKind, reportedName: string): Told {
    const key = `${kind} ${reportedName}`
    const known = this.#told.get(key)
    if (known !== undefined) return known
    const told = toTold(this.#settings.filter((one) => isFor(one, kind, reportedName)))
    if (this.#told.size >= toldMax) this.#told.clear()
    this.#told.set(key, told)
    return told
  }

  set(setting: ControlSetting): Promise<ChangeOutcome> {
    return this.#change(() => {
      const others = this.#without(setting)
      const { settingsMax } = this.#parts
      if (others.length < settingsMax) return [...others, setting]
      return `There are ${others.length} settings, and at most ${settingsMax} are kept; unset others`
    })
  }

  unset(key: SettingKey): Promise<ChangeOutcome> {
    return this.#change(() => {
      const others = this.#without(key)
      return others.length === this.#settings.length ? undefined : others
    })
  }

  #without({ client, name, setting }: SettingKey): readonly ControlSetting[] {
    const isOther = (one: ControlSetting): boolean =>
      one.setting !== setting || one.client !== client || one.name !== name
    return this.#settings.filter((one) => isOther(one))
  }

  /** @param make the settings as they are to be; undefined for as before, a text for no room */
  #change(make: () => readonly ControlSetting[] | string | undefined): Promise<ChangeOutcome> {
    const work = async (): Promise<ChangeOutcome> => {
      const next = make()
      if (next === undefined) return { status: 'unknown' }
      if (typeof next === 'string') return { status: 'full', message: next }
      try {
        await this.#write(next)
      } catch (error) {
        const message = `The file of settings cannot be written: ${textOf(error)}`
        return { status: 'failed', message }
      }
      this.#settings = next
      this.#told.clear()
      return { status: 'kept' }
    }
    const changed = this.#last.then(work)
    this.#last = changed
    return changed
  }

  async #write(settings: readonly ControlSetting[]): Promise<void> {
    const { file } = this.#parts
    if (file === undefined) return
    const text = `${JSON.stringify({ version: fileVersion, settings }, null, 2)}\n`
    const next = `${file}.next`
    const handle = await open(next, 'w', 0o600)
    try {
      await handle.writeFile(text)
      await handle.sync()
    } finally {
      await handle.close()
    }
    await rename(next, file)
    const folder = await open(dirname(file), 'r')
    try {
      await folder.sync()
    } finally {
      await folder.close()
    }
  }

  /** @returns what was lost */
  #load(): string | undefined {
    const { file, logger, settingsMax } = this.#parts
    if (file === undefined) return 'Settings are kept in memory only, and lost at a restart'
    let text: string
    try {
      text = readFileSync(file, 'utf8')
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
      return this.#tellLoss(textOf(error), file)
    }
    try {
      this.#settings = readSettings(text).slice(-settingsMax)
      return undefined
    } catch (error) {
      const keptAs = `${file}.damaged`
      try {
        renameSync(file, keptAs)
      } catch (cause) {
        logger.error('Cannot put the file of settings aside', { error: cause })
      }
      return this.#tellLoss(textOf(error), keptAs)
    }
  }

  #tellLoss(why: string, file: string): string {
    this.#parts.logger.error('The settings of clients are lost: their file cannot be read', {
      cause: why,
      file,
    })
    return `What was set before the last start is lost: its file (${file}) cannot be read: ${why}`
  }
}

const toldMax = 1_000

function toTold(settings: readonly ControlSetting[]): Told {
  const told = settings.map(({ name, setting, value }) => ({ setting, name, value }))
  const revision = createHash('sha256').update(JSON.stringify(told)).digest('base64url')
  return { revision: revision.slice(0, 16), settings: told }
}

/** @throws Error where it is no file of settings */
function readSettings(text: string): readonly ControlSetting[] {
  if (text.length > fileBytesMax) throw new Error(`it has ${text.length} characters`)
  const read = JSON.parse(text) as { readonly version?: unknown; readonly settings?: unknown }
  if (read?.version !== fileVersion || !Array.isArray(read.settings)) {
    throw new Error(`its version is ${String(read?.version)}, wanted ${fileVersion}`)
  }
  return read.settings.map((one: ControlSetting, index) => {
    const isKnown = typeof one?.setting === 'string' && Object.hasOwn(controlSettings, one.setting)
    const texts = [one?.client, one?.name, one?.value, one?.setBy]
    const areTexts = texts.every((part) => typeof part === 'string')
    const problem = isKnown && areTexts ? whyNotSetting(one, one.value) : 'it is no setting'
    if (problem !== undefined) throw new Error(`setting ${index + 1}: ${problem}`)
    return one
  })
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
