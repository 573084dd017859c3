// The file of channels that are told of jobs. Secrets may stand in the environment: ${NAME}.
import { type ChannelSettings, checkChannels } from '@wayward/collector'
import { readFileSync } from 'node:fs'
import { parse } from 'yaml'
import { CommandError, exitCodes } from '../command-error.ts'

/** Reads the file; undefined where there is none. @throws CommandError */
export function readChannels(
  path: string | undefined,
  env: Readonly<Record<string, string | undefined>> = process.env,
): readonly ChannelSettings[] | undefined {
  if (path === undefined) return undefined
  const value = fill(parseFile(path), (why) => refused(path, why), env)
  const [problem] = checkChannels(value)
  if (problem !== undefined) {
    const { field, seen, wanted } = problem
    throw refused(path, `"${field}" is ${seen}; wanted is ${wanted}`)
  }
  return (value as { readonly channels: readonly ChannelSettings[] }).channels
}

function parseFile(path: string): unknown {
  try {
    return parse(readFileSync(path, 'utf8'))
  } catch (cause) {
    const why = cause instanceof Error ? (cause.message.split('\n', 1)[0] ?? '') : String(cause)
    throw refused(path, why, cause)
  }
}

/** Puts the values of environment variables in. @throws what `tell` makes of a missing one */
export function fill(
  value: unknown,
  tell: (why: string) => Error,
  env: Readonly<Record<string, string | undefined>>,
): unknown {
  if (typeof value === 'string') {
    return value.replaceAll(/\$\{(\w+)\}/g, (_, name: string) => {
      const found = env[name]
      if (found === undefined) throw tell(`the environment has no ${name}; set it`)
      return found
    })
  }
  if (Array.isArray(value)) return value.map((item) => fill(item, tell, env))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, fill(item, tell, env)]),
  )
}

function refused(path: string, why: string, cause?: unknown): CommandError {
  const message = `Cannot use "${path}" for --notify: ${why}`
  return new CommandError(exitCodes.usage, message, { cause, page: 'jobs.md' })
}
