// A command as a child: its output goes through and its end is kept, signals are passed on.
import { type ChildProcess, spawn } from 'node:child_process'
import { constants } from 'node:os'
import { type Usage, watchUsage } from './process-usage.ts'

/** How a command ended. */
export interface ChildEnd {
  /** As a shell has it: 128 and the number for a signal, 127 and 126 for what cannot be run. */
  readonly exitCode: number
  readonly signal: NodeJS.Signals | undefined
  /** Whether it ended after a signal to end that we passed on. */
  readonly isCancelled: boolean
  /** Why it could not be run. */
  readonly problem: string | undefined
  readonly output: string
  readonly usage: Usage
  readonly endMs: number
}

export interface ChildSettings {
  readonly argv: readonly string[]
  readonly env: Readonly<Record<string, string | undefined>>
  readonly outputBytesMax: number
}

const passedOn = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR2', 'SIGCONT'] as const
const endings: ReadonlySet<string> = new Set(['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'])
/** How long is read on after its end from pipes that its own children hold. */
const pipesMsMax = 2_000

/** Runs a command to its end. Never rejects. */
export async function runChild(settings: ChildSettings): Promise<ChildEnd> {
  const { argv, env, outputBytesMax } = settings
  const [file = '', ...args] = argv
  const usage = watchUsage()
  const tail = createTail(outputBytesMax)
  let passedSignal: NodeJS.Signals | undefined
  const child = spawn(file, args, { stdio: ['inherit', 'pipe', 'pipe'], env })
  const stopPassing = passSignals(child, (signal) => {
    if (endings.has(signal)) passedSignal = signal
  })
  if (child.pid !== undefined) usage.follow(child.pid)
  for (const [from, to] of [
    [child.stdout, process.stdout],
    [child.stderr, process.stderr],
  ] as const) {
    from.on('data', (chunk: Buffer) => tail.add(chunk))
    from.pipe(to, { end: false })
  }
  const { code, problem, signal } = await whenEnded(child)
  const endMs = Date.now()
  stopPassing()
  return {
    exitCode: signal === undefined ? code : 128 + constants.signals[signal],
    signal,
    isCancelled: passedSignal !== undefined,
    problem,
    output: tail.text(),
    usage: usage.stop(),
    endMs,
  }
}

function passSignals(child: ChildProcess, onPassed: (signal: NodeJS.Signals) => void): () => void {
  const listeners = passedOn.map((signal) => {
    const listener = (): void => {
      onPassed(signal)
      // The terminal gives its own to all of the group: the child has it already.
      const isOfTerminal = signal === 'SIGINT' || signal === 'SIGQUIT'
      if (!(isOfTerminal && process.stdin.isTTY)) child.kill(signal)
    }
    process.on(signal, listener)
    return () => process.off(signal, listener)
  })
  return () => {
    for (const stop of listeners) stop()
  }
}

interface Ended {
  readonly code: number
  readonly signal: NodeJS.Signals | undefined
  readonly problem: string | undefined
}

async function whenEnded(child: ChildProcess): Promise<Ended> {
  const ended = await new Promise<Ended>((resolve) => {
    child.once('error', (error: NodeJS.ErrnoException) => {
      const code = error.code === 'ENOENT' ? 127 : 126
      resolve({ code, signal: undefined, problem: error.message })
    })
    child.once('exit', (code, signal) => {
      resolve({ code: code ?? 1, signal: signal ?? undefined, problem: undefined })
    })
  })
  if (ended.problem !== undefined) return ended
  await new Promise<void>((resolve) => {
    if (child.stdout?.closed === true && child.stderr?.closed === true) resolve()
    const timer = setTimeout(resolve, pipesMsMax)
    child.once('close', () => {
      clearTimeout(timer)
      resolve()
    })
  })
  return ended
}

interface Tail {
  add(chunk: Buffer): void
  text(): string
}

/** The end of what was written. */
function createTail(bytesMax: number): Tail {
  let chunks: Buffer[] = []
  let bytes = 0
  let isCut = false
  return {
    add(chunk) {
      chunks.push(chunk)
      bytes += chunk.length
      // Joined now and then, so that many small chunks cost no more than their bytes.
      if (bytes < 2 * bytesMax + 65_536) return
      const kept = Buffer.from(Buffer.concat(chunks).subarray(bytes - bytesMax))
      chunks = [kept]
      bytes = kept.length
      isCut = true
    },
    text() {
      const whole = Buffer.concat(chunks)
      const kept = whole.subarray(Math.max(0, whole.length - bytesMax))
      const text = kept.toString('utf8')
      // The first character may have been cut in two.
      return isCut || kept.length < whole.length ? text.replace(/^\uFFFD+/, '') : text
    },
  }
}
