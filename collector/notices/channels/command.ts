// A command that is run for each message, which it reads from its standard input as JSON.
import { spawn } from 'node:child_process'
import { type Channel, outcomeOf, sendTimeoutMs } from '../channel.ts'
import type { JobMessage } from '../notice.ts'

const errorLengthMax = 500

/** @param argv the command and its arguments; no shell reads them */
export function createCommand({ command }: { readonly command: readonly string[] }): Channel {
  return { send: (message) => outcomeOf(() => run(command, message)) }
}

function run([file = '', ...args]: readonly string[], message: JobMessage): Promise<void> {
  const [notice] = message.notices
  const env = {
    ...process.env,
    WAYWARD_JOB: notice?.job ?? '',
    WAYWARD_JOB_SERVICE: notice?.service ?? '',
    WAYWARD_JOB_STATUS: notice?.status ?? '',
    WAYWARD_JOB_TEXT: message.text,
  }
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { env, stdio: ['pipe', 'ignore', 'pipe'] })
    let error = ''
    const timer = setTimeout(() => {
      error = `It takes more than ${sendTimeoutMs / 1000} s`
      child.kill('SIGKILL')
    }, sendTimeoutMs)
    child.stderr.on('data', (chunk: Buffer) => {
      if (error.length < errorLengthMax) error += chunk.toString()
    })
    child.once('error', (cause) => {
      clearTimeout(timer)
      reject(cause)
    })
    child.once('close', (code) => {
      clearTimeout(timer)
      if (code === 0) resolve()
      else reject(new Error(`The command ended with ${code}: ${error.slice(0, errorLengthMax)}`))
    })
    // A command that does not read is no error of the message.
    child.stdin.on('error', () => undefined)
    child.stdin.end(JSON.stringify(message))
  })
}
