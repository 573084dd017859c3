import type { Pipeline } from './pipeline.ts'

/** For what abandoned exports leave to do. */
const abandonedMs = 100

/**
 * Waits for `work`, and no longer than `ms`: then the pipelines give up what is left and count it.
 * The timer holds the process, or one that has nothing else to do would end before the answer.
 */
export async function withinDeadline(
  work: Promise<void>,
  ms: number,
  pipelines: readonly Pipeline[],
): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const expired = new Promise<void>((resolve) => {
    timer = setTimeout(() => {
      for (const pipeline of pipelines) pipeline.abandon()
      timer = setTimeout(resolve, pipelines.length === 0 ? 0 : abandonedMs)
    }, ms)
  })
  await Promise.race([work, expired])
  clearTimeout(timer)
}

/** A listener that reports at each `beforeExit` would otherwise hold the process for ever. */
const exitRoundsMax = 8

/**
 * Sends the rest when nothing is left to do, and again what listeners of `beforeExit` report, but
 * does not let a collector that hangs hold the process.
 */
export function flushBeforeExit(
  deadlineMs: number,
  sending: { flush(): Promise<void>; shutdown(): Promise<void> },
  pipelines: readonly Pipeline[],
): () => void {
  let rounds = 0
  let isFlushing = false
  let spentMs = 0
  const waiting = (): boolean => pipelines.some((pipeline) => pipeline.waitingCount > 0)

  async function flushRest(): Promise<void> {
    // The other listeners of this `beforeExit` come first: what they report is sent with the rest.
    await Promise.resolve()
    // Without anything asynchronous to do the process ends here.
    if (rounds > 0 && !waiting()) return
    rounds++
    const started = performance.now()
    await withinDeadline(sending.flush(), Math.max(1, deadlineMs - spentMs), pipelines)
    spentMs += performance.now() - started
    // What cannot be sent, or never ends, is given up; otherwise more may come.
    if (waiting() || rounds >= exitRoundsMax || spentMs >= deadlineMs) await sending.shutdown()
  }

  return () => {
    if (isFlushing) return
    isFlushing = true
    void flushRest().finally(() => {
      isFlushing = false
    })
  }
}
