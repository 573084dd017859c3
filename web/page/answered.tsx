// Something that is asked for and shown when it comes; an older question is broken off. While the
// page is live it is asked again, at most for a fiftieth of the time: a page that stands open costs
// the service 2 % of a core, however large the question.
import type { ComponentChildren } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { ask } from './ask.ts'
import { state } from './view-state.ts'

/** What became of a question. */
export interface Answered<T> {
  readonly value: T | undefined
  readonly error: string
  readonly isAsking: boolean
  /** Asks again, or breaks off. */
  readonly again: () => void
  readonly cancel: () => void
}

const liveEveryMs = 5_000
const liveShare = 50
/** Whoever comes back within this time is shown what was answered, and nothing is asked. */
const keptMs = 20_000
const keptMax = 40

interface Kept {
  readonly value: unknown
  readonly atMs: number
}

const kept = new Map<string, Kept>()

/** Forgets what was answered: it is not so any more. */
export function forgetAnswers(): void {
  kept.clear()
}

function keep(key: string, value: unknown): void {
  kept.delete(key)
  kept.set(key, { value, atMs: performance.now() })
  const [oldest] = kept.keys()
  if (kept.size > keptMax && oldest !== undefined) kept.delete(oldest)
}

function keptValue(key: string): unknown {
  const found = kept.get(key)
  const isFresh = found !== undefined && performance.now() - found.atMs < keptMs
  return isFresh ? found.value : undefined
}

/** Asks again whenever the address or a parameter changes; an empty path asks nothing. */
export function useAnswer<T>(
  path: string,
  parameters: Readonly<Record<string, string>>,
): Answered<T> {
  const [found, setFound] = useState<Pick<Answered<T>, 'value' | 'error' | 'isAsking'>>({
    value: undefined,
    error: '',
    isAsking: path !== '',
  })
  const [round, setRound] = useState(0)
  const [gone, setGone] = useState<AbortController | undefined>(undefined)
  const key = JSON.stringify([path, parameters])
  const isLive = state.value.live === 'on' && state.value.to === ''
  useEffect(() => {
    if (path === '') {
      setFound({ value: undefined, error: '', isAsking: false })
      return undefined
    }
    const broken = new AbortController()
    setGone(broken)
    let isReplaced = false
    let timer: ReturnType<typeof setTimeout> | undefined
    // Under this key only answers to this question are kept.
    const known = round === 0 ? (keptValue(key) as T | undefined) : undefined
    if (known !== undefined && !isLive) {
      setFound({ value: known, error: '', isAsking: false })
      return undefined
    }
    setFound((before) => ({ ...before, error: '', isAsking: true }))
    const beganMs = performance.now()
    const next = (): void => {
      if (!isLive || broken.signal.aborted) return
      const waitMs = Math.max(liveEveryMs, (performance.now() - beganMs) * liveShare)
      timer = setTimeout(() => (document.hidden ? next() : setRound((now) => now + 1)), waitMs)
    }
    const run = async (): Promise<void> => {
      try {
        const value = await ask<T>(path, parameters, broken.signal)
        keep(key, value)
        setFound({ value, error: '', isAsking: false })
      } catch (error) {
        // An older question that was broken off has nothing to say.
        if (broken.signal.aborted && isReplaced) return
        const message = broken.signal.aborted ? '' : messageOf(error)
        setFound(({ value }) => ({
          value: message === '' ? value : undefined,
          error: message,
          isAsking: false,
        }))
      }
      next()
    }
    // It says by itself what went wrong.
    void run()
    return () => {
      isReplaced = true
      broken.abort()
      clearTimeout(timer)
    }
  }, [key, round, isLive])
  return {
    ...found,
    again: () => setRound((now) => now + 1),
    cancel: () => gone?.abort(),
  }
}

/** What an error says. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

/** The answer, or why there is none yet. */
export function Shown<T>({
  answered,
  what,
  children,
}: {
  readonly answered: Answered<T>
  readonly what: string
  readonly children: (value: T) => ComponentChildren
}) {
  const { again, cancel, error, isAsking, value } = answered
  if (error !== '')
    return (
      <p class="problem" role="alert">
        {error}{' '}
        <button type="button" onClick={again}>
          Ask again
        </button>
      </p>
    )
  if (value === undefined)
    return isAsking ? (
      <p class="quiet" aria-live="polite">
        Asking for {what} …{' '}
        <button type="button" onClick={cancel}>
          Cancel
        </button>
      </p>
    ) : (
      <p class="quiet">
        Not asked.{' '}
        <button type="button" onClick={again}>
          Ask for {what}
        </button>
      </p>
    )
  return <div class={isAsking ? 'older' : ''}>{children(value)}</div>
}

/** The statement behind an answer, to copy or to try. */
export function Sql({ sql }: { readonly sql: string }) {
  return (
    <details class="sql">
      <summary>SQL</summary>
      <button type="button" onClick={() => void navigator.clipboard.writeText(sql)}>
        Copy
      </button>
      <pre>{sql}</pre>
    </details>
  )
}
