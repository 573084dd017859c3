import { type Context, context, type Span } from '@opentelemetry/api'
import type { Moment } from '../process/clock.ts'
import { type Core, momentOf, swallow } from './core.ts'
import type { Operation, OperationCommon } from './operation.ts'
import type { Scope } from './scope.ts'

/**
 * What is the same of all that begins, is open, and ends once. It is a base class, which this code
 * has no others of, because a hundred thousand may be open: one object for each, not two.
 */
export abstract class OpenOperation implements OperationCommon, Scope {
  // Declared only: to define the fields of a base class of many takes a third of all that an
  // operation costs (`npm run bench -- sdk`), to assign them takes nothing that can be seen.
  declare isOpen: boolean
  declare mark: unknown
  declare readonly core: Core
  declare readonly anchorMs: number
  // Two numbers take half of what a pair does.
  declare readonly startSeconds: number
  declare readonly startNs: number
  abstract readonly kind: Operation['kind']
  abstract readonly sequence: number
  abstract readonly parent: Context
  abstract readonly taskNumber: number
  abstract readonly taskName: string | undefined

  /** @param start holds only while this is constructed */
  constructor(core: Core, anchorMs: number, start: Moment) {
    this.isOpen = true
    this.mark = undefined
    this.core = core
    this.anchorMs = anchorMs
    this.startSeconds = start.seconds
    this.startNs = start.ns
  }

  get taskId(): string {
    return String(this.taskNumber)
  }

  get span(): Span | undefined {
    return this.core.emitter.spanOf(this.state)
  }

  get context(): Context {
    return this.core.emitter.contextOf(this.state)
  }

  /** As the emitter sees it. */
  get state(): Operation {
    return this as unknown as Operation
  }

  run<T>(fn: () => T): T {
    return context.with(this.context, fn)
  }

  /** It begins for the emitter and the snapshots. @returns whether they follow it */
  begin(): boolean {
    this.core.emitter.begin(this.state)
    return this.core.open.add(this.state)
  }

  /** It ends; the first end counts. What `close` has to say of the end is said before. */
  finish(timeNs: bigint | undefined): void {
    if (!this.isOpen) return
    const { seconds, ns } = momentOf(this.core, timeNs, this.anchorMs)
    this.finishAt(seconds, ns)
  }

  finishAt(seconds: number, ns: number): void {
    this.isOpen = false
    this.close()
    this.core.open.delete(this.state)
    this.core.emitter.end(this.state, seconds, ns)
  }

  /** The door of those that end it. It has ended also where the time that they say is none. */
  tryFinish(timeNs: bigint | undefined): void {
    try {
      this.finish(timeNs)
    } catch (error) {
      swallow(this.core, error)
      if (timeNs !== undefined) this.tryFinish(undefined)
    }
  }

  /** Nothing can end it any more: what it was of is gone. */
  abandon(): void {
    this.isOpen = false
    this.close()
    this.core.open.abandon(this.state)
  }

  /** Takes it from the lists that it is in. */
  abstract close(): void
}
