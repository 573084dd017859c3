// What the parent and the child process tell each other. The writer's token goes this way and not
// through arguments or environment, where other users of the machine could read it.
import type { EngineLimits } from './limits.ts'

/** What the child needs to know to open the store. */
export interface ChildSettings {
  readonly dataDir: string
  readonly host: string
  readonly port: number
  readonly writerToken: string
  readonly memoryBytesMax: number
  readonly isDurable: boolean
  readonly limits: EngineLimits
}

export type ParentMessage =
  | { readonly kind: 'start'; readonly settings: ChildSettings }
  | { readonly kind: 'shutdown'; readonly deadlineMs: number }

export type ChildMessage =
  | { readonly kind: 'ready'; readonly port: number }
  | { readonly kind: 'failed'; readonly code: string; readonly message: string }
  | {
      readonly kind: 'log'
      readonly level: 'info' | 'warn' | 'error'
      readonly message: string
      readonly fields?: Readonly<Record<string, unknown>>
    }
