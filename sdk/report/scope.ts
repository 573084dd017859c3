import { type Context, context, type Span } from '@opentelemetry/api'

/** What reported work offers its caller: its span, and a way to run code as its child. */
export interface Scope {
  /** The operation's span, undefined while disabled. */
  readonly span: Span | undefined
  /** The context whose active span is the operation's. */
  readonly context: Context
  /**
   * Runs `fn` with the operation's span active, so that spans made in it become its children.
   * @returns what `fn` returns; what it throws is thrown on.
   */
  run<T>(fn: () => T): T
}

/** What is handed out where nothing is reported. */
export const noScope: Scope = {
  span: undefined,
  get context() {
    return context.active()
  },
  run: (fn) => fn(),
}

/**
 * Runs `fn` and calls `onEnd` once, when what it returned has settled; sync or not. Results and
 * errors pass as they are. A promise is answered with one that follows it, so that a rejection
 * which nobody handles is still seen as such.
 */
export function follow<T>(fn: () => T, onEnd: (error: { value: unknown } | undefined) => void): T {
  let result: T
  try {
    result = fn()
  } catch (error) {
    onEnd({ value: error })
    throw error
  }
  if (!isThenable(result)) {
    onEnd(undefined)
    return result
  }
  return Promise.resolve(result).then(
    (value) => {
      onEnd(undefined)
      return value
    },
    (error: unknown) => {
      onEnd({ value: error })
      throw error
    },
  ) as T
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    (typeof value === 'object' || typeof value === 'function') &&
    value !== null &&
    typeof (value as { then?: unknown }).then === 'function'
  )
}
