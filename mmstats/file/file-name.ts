// Where stats files lie and what they are called: the original's variables and templates, old and
// new.
import { readlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { threadId } from 'node:worker_threads'
import { StatsFileError } from '../stats-file-error.ts'

type Environment = Readonly<Record<string, string | undefined>>

/** What the original calls its files from 0.7.0 on. */
export const defaultFileName = '{CMD}-{PID}-{TID}.mmstats'

/** The folder of the stats files: MMSTATS_PATH, or that of temporary files. */
export function statsFolder(env: Environment = process.env): string {
  return env['MMSTATS_PATH'] || tmpdir()
}

/** The template of names: MMSTATS_FILES, or the original's. */
export function fileNameTemplate(env: Environment = process.env): string {
  return env['MMSTATS_FILES'] || defaultFileName
}

/** The patterns of files that tools look at: MMSTATS_GLOB, or the names of both generations. */
export function defaultGlobs(env: Environment = process.env): readonly string[] {
  const glob = env['MMSTATS_GLOB']
  if (glob !== undefined && glob !== '') return [glob]
  const folder = statsFolder(env)
  return [join(folder, '*.mmstats'), join(folder, 'mmstats-*')]
}

/** What the templates stand for. */
export interface NameValues {
  readonly command: string
  readonly pid: number
  readonly tid: number
  /** The model's name. */
  readonly model: string
}

/** The values of this thread. */
export function currentNameValues(model: string): NameValues {
  return {
    command: basename(process.argv[1] ?? 'node'),
    pid: process.pid,
    tid: systemThreadId(),
    model,
  }
}

/**
 * Fills in a template: `{CMD}`, `{PID}`, `{TID}` and `{CLASS}`, and the older `%PID%` and `%TID%`.
 *
 * @throws StatsFileError if it has another name in braces
 */
export function fillTemplate(template: string, values: NameValues): string {
  const known: Readonly<Record<string, string>> = {
    CMD: values.command,
    PID: String(values.pid),
    TID: String(values.tid),
    CLASS: values.model,
  }
  return template
    .replaceAll('%PID%', String(values.pid))
    .replaceAll('%TID%', String(values.tid))
    .replaceAll(/\{(\w*)\}/g, (_, name: string) => {
      const value = known[name]
      if (value !== undefined) return value
      throw new StatsFileError(
        'unusable',
        `Cannot name a stats file after "${template}": got {${name}}, wanted {CMD}, {PID}, {TID} or {CLASS}`,
      )
    })
}

/** The system's id of this thread where it can be read, as on Linux; else the one of Node. */
export function systemThreadId(): number {
  try {
    const id = Number(readlinkSync('/proc/thread-self').split('/')[2])
    if (Number.isSafeInteger(id) && id > 0) return id
  } catch {
    // Not Linux.
  }
  return threadId
}
