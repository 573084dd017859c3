// `wayward job send`: sends the reports that wait.
import { join } from 'node:path'
import { type ExitCode, exitCodes } from '../command-error.ts'
import type { jobSendFields } from '../configuration/job-fields.ts'
import type { Resolved } from '../configuration/resolve.ts'
import { createReportClient } from '../job/report-client.ts'
import { openSpool } from '../job/spool.ts'
import type { Terminal } from '../terminal.ts'

/** @returns `store` where reports wait on */
export async function jobSend(
  terminal: Terminal,
  values: Resolved<typeof jobSendFields>,
): Promise<ExitCode> {
  const spool = openSpool(values.spool ?? join(values.dataDir, 'spool'))
  const { message, refused, sent, waiting } = await spool.send(createReportClient(values))
  const lines = [`Reports sent: ${sent}`]
  if (refused > 0) lines.push(`Reports refused: ${refused} (${message})`)
  if (waiting > 0) lines.push(`Runs that wait on: ${waiting} (${message})`)
  await terminal.write(`${lines.join('\n')}\n`)
  return waiting > 0 ? exitCodes.store : exitCodes.done
}
