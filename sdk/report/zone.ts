import { type Attributes, type Context, context } from '@opentelemetry/api'
import { withZone, type ZoneLink } from './context-chain.ts'
import { type Core, errorTypeOf, guard, momentOf } from './core.ts'
import { OpenOperation } from './open-operation.ts'
import type { ZoneOperation } from './operation.ts'
import { noScope, type Scope } from './scope.ts'
import type { Task } from './task.ts'

/** What may be said of a zone. */
export interface ZoneOptions {
  /** When it began, in nanoseconds since 1970; the present by default. */
  readonly timeNs?: bigint
  /** Further attributes of the span. */
  readonly attributes?: Attributes
}

/** What may be said of the end of a zone. */
export interface ZoneEndOptions {
  /** When it ended, in nanoseconds since 1970; the present by default. */
  readonly timeNs?: bigint
  /** What was thrown; its class becomes `error.type`. */
  readonly error?: unknown
}

/** A stretch of work that is being marked. */
export interface Zone extends Scope {
  /** Ends it; a second end is ignored. */
  end(options?: ZoneEndOptions): void
}

/** Begins a zone. */
export function beginZone(core: Core, name: string, options: ZoneOptions): Zone {
  return new OpenZone(core, name, options)
}

/** A zone is not followed while it is open: it is the application's, of any length. */
class OpenZone extends OpenOperation implements Zone, ZoneOperation {
  errorType: string | undefined = undefined
  readonly name: string
  readonly attributes: Attributes | undefined
  readonly sequence: number
  readonly parent: Context
  readonly #task: Task
  #context: Context | undefined = undefined
  #link: ZoneLink | undefined = undefined

  constructor(core: Core, name: string, options: ZoneOptions) {
    const { anchorMs } = core.clock
    super(core, anchorMs, momentOf(core, options.timeNs, anchorMs))
    this.name = name
    this.attributes = options.attributes
    this.sequence = core.process.nextSequence()
    this.parent = context.active()
    this.#task = core.tasks.current()
    core.emitter.begin(this)
  }

  get kind(): 'zone' {
    return 'zone'
  }

  override get context(): Context {
    if (this.#context === undefined) {
      this.#link = { name: this.name, sequence: this.sequence, isOpen: this.isOpen }
      this.#context = withZone(this.#link, super.context)
    }
    return this.#context
  }

  get taskNumber(): number {
    return this.#task.number
  }

  get taskName(): string | undefined {
    return this.#task.name
  }

  end(options: ZoneEndOptions = {}): void {
    if (!this.isOpen) return
    if ('error' in options) {
      guard(this.core, () => void (this.errorType = errorTypeOf(options.error)), undefined)
    }
    this.tryFinish(options.timeNs)
  }

  close(): void {
    if (this.#link !== undefined) this.#link.isOpen = false
  }
}

export const noZone: Zone = {
  get span() {
    return noScope.span
  },
  get context() {
    return noScope.context
  },
  run: (fn) => fn(),
  end: () => undefined,
}
