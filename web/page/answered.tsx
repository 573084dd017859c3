// Something that is asked for and shown when it comes; an older question is broken off.
import type { ComponentChildren } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { ask } from './ask.ts'

/** What became of a question. */
export interface Answered<T> {
  readonly value: T | undefined
  readonly error: string
  readonly isAsking: boolean
}

/** Asks again whenever the address or a parameter changes. */
export function useAnswer<T>(
  path: string,
  parameters: Readonly<Record<string, string>>,
): Answered<T> {
  const [answered, setAnswered] = useState<Answered<T>>({
    value: undefined,
    error: '',
    isAsking: true,
  })
  const key = JSON.stringify([path, parameters])
  useEffect(() => {
    if (path === '') return undefined
    const gone = new AbortController()
    setAnswered((before) => ({ ...before, error: '', isAsking: true }))
    ask<T>(path, parameters, gone.signal).then(
      (value) => setAnswered({ value, error: '', isAsking: false }),
      (error: unknown) => {
        if (gone.signal.aborted) return
        const message = error instanceof Error ? error.message : String(error)
        setAnswered({ value: undefined, error: message, isAsking: false })
      },
    )
    return () => gone.abort()
  }, [key])
  return answered
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
  const { error, isAsking, value } = answered
  if (error !== '')
    return (
      <p class="problem" role="alert">
        {error}
      </p>
    )
  if (value === undefined)
    return (
      <p class="quiet" aria-live="polite">
        Asking for {what} …
      </p>
    )
  return <div class={isAsking ? 'older' : ''}>{children(value)}</div>
}

/** The statement behind an answer, to copy. */
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
