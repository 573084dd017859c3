import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { LoadPlan, LoadReport } from './load.ts'

/** Clients in a process of their own. */
export interface LoadProcess {
  /** Lets each client finish the request that it is at; resolves when all have. */
  stop(): Promise<void>
  /** Ends it at once. */
  kill(): void
}

/** The compiled file, also when this one runs from its source. */
function loadPath(): string {
  const here = import.meta.url
  return fileURLToPath(new URL(here.endsWith('.ts') ? '../dist/crash/load.js' : './load.js', here))
}

export function startLoad(plan: LoadPlan, report: (report: LoadReport) => void): LoadProcess {
  const child = fork(loadPath(), [JSON.stringify(plan)], { execArgv: [] })
  child.on('message', (message) => report(message as LoadReport))
  const ended = new Promise<void>((resolve, reject) => {
    child.once('close', (code) => {
      if (code === 0) resolve()
      else reject(new Error(`The load process ${plan.process} ended with ${code}`))
    })
  })
  // Whoever stops the load hears of it; until then it must not end the test run.
  ended.catch(() => undefined)
  return {
    async stop() {
      if (child.connected) child.send('stop')
      await ended
    },
    kill: () => void child.kill('SIGKILL'),
  }
}
