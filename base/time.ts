// Time is passed in, so that whatever waits or measures can be tested without waiting.

/** A call that was put off. */
export interface Timer {
  /** The call is not made any more. Harmless when it was made. */
  cancel(): void
  /** Lets the process end before the call. */
  unref(): Timer
}

/** Two clocks and an alarm. */
export interface Time {
  /** The wall clock, in milliseconds since 1970: for what is stored and shown. It may be set. */
  readonly wallMs: () => number
  /** A clock that never jumps, in milliseconds since some moment: for how long something takes. */
  readonly monotonicMs: () => number
  /** Makes a call once, after so many milliseconds. */
  after(delayMs: number, call: () => void): Timer
}

/** The time of this machine. */
export const systemTime: Time = {
  wallMs: Date.now,
  monotonicMs: () => performance.now(),
  after(delayMs, call) {
    const timeout = setTimeout(call, delayMs)
    const timer: Timer = {
      cancel: () => clearTimeout(timeout),
      unref() {
        timeout.unref()
        return timer
      },
    }
    return timer
  },
}

/** Resolves after so many milliseconds, or at once when the signal is aborted. Never rejects. */
export function pause(time: Time, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted === true) {
      resolve()
      return
    }
    const timer = time.after(delayMs, end)
    signal?.addEventListener('abort', end, { once: true })
    function end(): void {
      timer.cancel()
      signal?.removeEventListener('abort', end)
      resolve()
    }
  })
}
