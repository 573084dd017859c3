// What the programs in bin/ run: a tool on this process's streams.
import { runTool, type ToolName, type ToolTerminal } from './command-line.ts'

/** Runs a tool as this process, whose arguments are the tool's. */
export async function main(tool: ToolName, name: string): Promise<void> {
  // Whoever reads us may stop early, as `head` does: that is a quiet end.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0)
    throw error
  })
  process.exitCode = await runTool(processTerminal(), { tool, name, argv: process.argv.slice(2) })
}

/** This process's streams and signals. */
export function processTerminal(): ToolTerminal {
  let isStopped = false
  let wake: (() => void) | undefined
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      isStopped = true
      wake?.()
    })
  }
  return {
    write: (text) => {
      process.stdout.write(text)
    },
    error: (text) => {
      process.stderr.write(text)
    },
    wait: (milliseconds) =>
      new Promise((resolve) => {
        if (isStopped) return resolve(false)
        const timer = setTimeout(() => resolve(true), milliseconds)
        wake = () => {
          clearTimeout(timer)
          resolve(false)
        }
      }),
  }
}
