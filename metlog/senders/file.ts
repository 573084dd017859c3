// A file that is appended to. Lines are collected for a moment and written together; what has not
// been written when the process ends is written then.
import { appendFile, appendFileSync } from 'node:fs'
import { toJson } from '../envelope/encoder.ts'
import { createDropCounter, type DropCounter, type MetlogSender } from './sender.ts'
import type { MessageFormatter } from './stream.ts'

/** What is set of a sender to a file. */
export interface FileSettings {
  readonly path: string
  /** @default JSON, one message a line */
  readonly formatter?: MessageFormatter
  /** Characters that may wait to be written. @default 4 Mi */
  readonly waitingCharactersMax?: number
}

/** Makes a sender that appends to a file; it is opened anew for each write, as rotation needs. */
export function createFileSender(settings: FileSettings): MetlogSender {
  return new FileSender(settings)
}

class FileSender implements MetlogSender {
  readonly #path: string
  readonly #formatter: MessageFormatter
  readonly #charactersMax: number
  readonly #drops: DropCounter = createDropCounter()
  #waiting: string[] = []
  #characters = 0
  #writing: Promise<void> | undefined
  readonly #onExit = (): void => this.#writeNow()

  constructor({ formatter = toJson, path, waitingCharactersMax = 4 * 1024 * 1024 }: FileSettings) {
    this.#path = path
    this.#formatter = formatter
    this.#charactersMax = waitingCharactersMax
    process.once('exit', this.#onExit)
  }

  send(message: Parameters<MessageFormatter>[0]): void {
    const line = `${this.#formatter(message)}\n`
    if (this.#characters + line.length > this.#charactersMax) return this.#drops.add('queue_full')
    this.#waiting.push(line)
    this.#characters += line.length
    this.#writing ??= this.#write()
  }

  drops(): Readonly<Record<string, number>> {
    return this.#drops.counts()
  }

  async close(): Promise<void> {
    process.off('exit', this.#onExit)
    while (this.#writing !== undefined) await this.#writing
  }

  async #write(): Promise<void> {
    // After the turn in which the first line came.
    await new Promise((resolve) => setImmediate(resolve))
    while (this.#waiting.length > 0) {
      const { lines, text } = this.#take()
      await new Promise<void>((resolve) => {
        appendFile(this.#path, text, (error) => {
          if (error !== null) this.#drops.add('write_failed', lines)
          resolve()
        })
      })
    }
    this.#writing = undefined
  }

  #writeNow(): void {
    const { lines, text } = this.#take()
    if (lines === 0) return
    try {
      appendFileSync(this.#path, text)
    } catch {
      // Nobody is left to be told.
      this.#drops.add('write_failed', lines)
    }
  }

  #take(): { readonly lines: number; readonly text: string } {
    const taken = { lines: this.#waiting.length, text: this.#waiting.join('') }
    this.#waiting = []
    this.#characters = 0
    return taken
  }
}
