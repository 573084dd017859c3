// Time that stands still until a test lets it pass.
import type { Time, Timer } from '@wayward/base'

/** Time for tests. */
export interface FakeTime extends Time {
  /**
   * Lets so much time pass. What falls due is called at its moment, and what that starts goes on
   * before the next.
   */
  pass(ms: number): Promise<void>
  /** Lets time pass until the promise is settled, and gives what it gives. */
  until<Value>(promise: Promise<Value>): Promise<Value>
  /** Sets the wall clock, as people do; the other clock goes on. */
  setWall(ms: number): void
  /** Calls that are still to be made. */
  readonly waiting: number
}

/** @param wallMs what the wall clock says at first */
export function createFakeTime(wallMs = Date.UTC(2026, 0, 1)): FakeTime {
  let nowMs = 1_000
  let offsetMs = wallMs - nowMs
  const calls = new Set<{ readonly atMs: number; readonly call: () => void }>()

  function nextDue(
    untilMs: number,
  ): { readonly atMs: number; readonly call: () => void } | undefined {
    let next: { readonly atMs: number; readonly call: () => void } | undefined
    for (const one of calls) {
      if (one.atMs <= untilMs && (next === undefined || one.atMs < next.atMs)) next = one
    }
    return next
  }

  return {
    wallMs: () => nowMs + offsetMs,
    monotonicMs: () => nowMs,
    after(delayMs, call) {
      const one = { atMs: nowMs + Math.max(0, delayMs), call }
      calls.add(one)
      const timer: Timer = {
        cancel: () => void calls.delete(one),
        unref: () => timer,
      }
      return timer
    },
    async pass(ms) {
      const untilMs = nowMs + ms
      await settle()
      for (let due = nextDue(untilMs); due !== undefined; due = nextDue(untilMs)) {
        calls.delete(due)
        nowMs = Math.max(nowMs, due.atMs)
        due.call()
        await settle()
      }
      nowMs = Math.max(nowMs, untilMs)
    },
    async until(promise) {
      const waiting = new Set([promise])
      const note = (): void => void waiting.delete(promise)
      promise.then(note, note)
      await settle()
      while (waiting.size > 0) await this.pass(1)
      return promise
    },
    setWall(ms) {
      offsetMs = ms - nowMs
    },
    get waiting() {
      return calls.size
    },
  }
}

/** Lets promises and the event loop go on, as far as they do not wait for time or for files. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) await new Promise<void>((resolve) => setImmediate(resolve))
}
