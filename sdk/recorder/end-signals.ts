// Sends what is recorded at the end of the process, however it comes about: its code or signal
// stays what it is, and whoever else waits for its end is as without the recorder.
import { isMainThread } from 'node:worker_threads'
import { diag } from '@opentelemetry/api'

/** Signals that end a process which has no handler for them. */
const endSignals = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const

/**
 * @param close where it is another thread than the main one that ends
 * @returns what takes the handlers away
 */
export function sendAtExit(close: () => void, send: () => void): () => void {
  if (!isMainThread) {
    process.on('exit', close)
    return () => void process.off('exit', close)
  }
  let isListening = true
  const sendRest = (): void => {
    try {
      send()
    } catch (error) {
      diag.error('Cannot send what was recorded last', error)
    }
  }
  const onSignal = (signal: NodeJS.Signals): void => {
    // Others end the process where they are alone, so they must not find us when they look.
    process.off(signal, onSignal)
    if (process.listenerCount(signal) > lookersCount()) {
      // The application has its own way to end, or to go on.
      setImmediate(() => {
        if (isListening) listen(signal)
      }).unref()
      return
    }
    process.off('exit', sendRest)
    sendRest()
    process.kill(process.pid, signal)
  }
  // The first: a handler that is called once is not there any more when its turn is over.
  const listen = (signal: NodeJS.Signals): void => void process.prependListener(signal, onSignal)
  process.on('exit', sendRest)
  for (const signal of endSignals) listen(signal)
  return () => {
    isListening = false
    process.off('exit', sendRest)
    for (const signal of endSignals) process.off(signal, onSignal)
  }
}

/** How many handlers of a signal only look on: those of the package signal-exit, of any version. */
function lookersCount(): number {
  const { __signal_exit_emitter__: before4 } = process as unknown as Record<string, unknown>
  const from4 = (globalThis as Record<symbol, unknown>)[Symbol.for('signal-exit emitter')]
  return countOf(before4) + countOf(from4)
}

function countOf(emitter: unknown): number {
  const { count } = (emitter ?? {}) as { readonly count?: unknown }
  return typeof count === 'number' ? count : 0
}
