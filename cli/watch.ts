// Answers that take a while, and answers that are kept current.
import { setTimeout as sleep } from 'node:timers/promises'
import type { ExitCode } from './command-error.ts'
import { Interrupted, type Terminal } from './terminal.ts'

/** What takes longer tells how far it is. */
const progressAfterMs = 1000
const progressEveryMs = 250
/** Between an answer and the next question, when watching: at least, and at most. */
const watchPauseMs = { min: 250, max: 1000 } as const

/** Below a watched answer: what ends it, and the cursor. */
const footLines = 2

/** An answer as it is shown, and what the command ends with if it is the last. */
export interface Shown {
  readonly text: string
  /** Not part of the answer: for the standard error output. */
  readonly note?: string | undefined
  readonly exitCode: ExitCode
}

/** How far the work is, in words: `3 of 12 questions answered`. */
export type Tell = (text: string) => void

/** Shows an answer once. */
export async function show(
  terminal: Terminal,
  ask: (tell: Tell) => Promise<Shown>,
): Promise<ExitCode> {
  const { text, note, exitCode } = await withProgress(terminal, ask)
  await terminal.write(text)
  if (note !== undefined) terminal.note(note)
  return exitCode
}

/**
 * Shows answers until a signal comes: over the one before where a person looks, else
 * whenever it is another one. The first question must succeed; of later failures it tells, and
 * goes on.
 *
 * @throws Interrupted if the signal comes before the first answer
 */
export async function watch(
  terminal: Terminal,
  interruption: AbortSignal,
  ask: (tell: Tell) => Promise<Shown>,
): Promise<ExitCode> {
  const interrupted = Interrupted.promise(interruption)
  // What is being asked at a signal is not waited for: with the store its query ends.
  const askUnlessInterrupted = async (tell: Tell): Promise<Shown> => {
    const asking = ask(tell)
    asking.catch(() => {})
    return await Promise.race([asking, interrupted])
  }
  let startMs = performance.now()
  let last = await withProgress(terminal, askUnlessInterrupted)
  await terminal.write(framed(terminal, last.text))
  if (last.note !== undefined) terminal.note(last.note)
  while (await isPaused(interruption, pauseAfterMs(performance.now() - startMs))) {
    startMs = performance.now()
    try {
      const next = await askUnlessInterrupted(() => {})
      if (interruption.aborted) break
      if (next.text !== last.text) await terminal.write(framed(terminal, next.text))
      last = next
    } catch (error) {
      if (interruption.aborted) break
      terminal.note(`Asking again: ${error instanceof Error ? error.message : String(error)}`)
    }
  }
  return last.exitCode
}

/**
 * A quick question is asked again soon, so that what is planted now is told at once; one that takes
 * long leaves the machine to others for a second.
 */
export function pauseAfterMs(tookMs: number): number {
  return Math.min(watchPauseMs.max, Math.max(watchPauseMs.min, tookMs))
}

/** @returns false as soon as a signal has come */
async function isPaused(interruption: AbortSignal, pauseMs: number): Promise<boolean> {
  await sleep(pauseMs, undefined, { signal: interruption }).catch(() => {})
  return !interruption.aborted
}

/**
 * On a terminal from its upper left corner on, with what was there before taken away. What does not
 * fit is left out at the end: the worst stands first.
 */
function framed(terminal: Terminal, text: string): string {
  if (!terminal.isInteractive) return text
  const lines = text.trimEnd().split('\n')
  const room = (terminal.height ?? Number.POSITIVE_INFINITY) - footLines
  const isWhole = lines.length <= room
  const shown = isWhole ? lines : lines.slice(0, room)
  const foot = isWhole ? 'Ctrl-C ends.' : 'There is more: ask without --watch. Ctrl-C ends.'
  return `\u001b[H\u001b[2J\u001b[3J${shown.join('\n')}\n${terminal.style.dim(foot)}\n`
}

async function withProgress(
  terminal: Terminal,
  ask: (tell: Tell) => Promise<Shown>,
): Promise<Shown> {
  const startMs = performance.now()
  let what = 'Asking'
  const timer = setInterval(() => {
    const ms = performance.now() - startMs
    if (ms >= progressAfterMs) terminal.progress(`${what} … ${Math.floor(ms / 1000)} s`)
  }, progressEveryMs)
  try {
    return await ask((text) => {
      what = text
    })
  } finally {
    clearInterval(timer)
    terminal.progress('')
  }
}
