// Signals end a command. One that leaves nothing undone dies of them as the system has it: at once,
// whatever its event loop is doing or waiting for. One that must clean up after itself catches
// them.
import { exitCodes } from './command-error.ts'

/** One Ctrl-C under `npm start` arrives twice: from the terminal and forwarded by npm. */
const sameSignalMs = 500
/** SIGHUP is what the processes of a terminal get when its window is closed. */
const caught = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/**
 * From now on the first signal aborts what is returned, and a second one ends the process.
 *
 * @param onHangUp called at SIGHUP in its place, unless a terminal has gone with it
 */
export function catchSignals(onHangUp?: () => void): AbortSignal {
  const interruption = new AbortController()
  let firstMs: number | undefined
  const onSignal = (): void => {
    firstMs ??= performance.now()
    const isSecond = performance.now() - firstMs > sameSignalMs
    // The second time nobody wants to wait any longer.
    if (isSecond) process.exit(exitCodes.interrupted)
    interruption.abort()
  }
  const isHungUpByHand = onHangUp !== undefined && !process.stdin.isTTY
  for (const signal of caught) {
    process.on(signal, signal === 'SIGHUP' && isHungUpByHand ? onHangUp : onSignal)
  }
  return interruption.signal
}
