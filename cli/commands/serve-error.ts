import { EngineError } from '@wayward/clickhouse'
import { CollectorError, JournalError } from '@wayward/collector'
import { CommandError, exitCodes } from '../command-error.ts'
import { isAlive, readEndpoints } from '../endpoints.ts'
import { flagOf } from '../configuration/limit-fields.ts'
import { toCommandError } from '../open-store.ts'

/** Errors of every part in the command's terms. */
export function toServeError(error: unknown, dataDir: string): unknown {
  if (!(error instanceof Error)) return error
  const code = 'code' in error && typeof error.code === 'string' ? error.code : ''
  const isAddress = ['port_in_use', 'address_unavailable', 'cannot_listen', 'unprotected']
  const isProtection = [
    'unprotected',
    'bad_certificate',
    'bad_token_file',
    'bad_origin',
    'bad_limit',
  ]
  if (isAddress.includes(code) || isProtection.includes(code)) {
    const flag = error instanceof EngineError ? ' with --clickhouse' : flagFor(error)
    return new CommandError(exitCodes.usage, `${error.message}${flag}`, {
      cause: error,
      page: isProtection.includes(code) ? 'security.md' : 'configuration.md',
    })
  }
  const owner = code === 'data_dir_in_use' ? readEndpoints(dataDir)?.pid : undefined
  if (owner !== undefined && isAlive(owner)) {
    // The engine knows only its own process, which the service would start again if somebody ended
    // it.
    const message = `The data folder "${dataDir}" is in use by the service with process id ${owner}: stop that service, or name another folder with --data-dir`
    return new CommandError(exitCodes.store, message, { cause: error, page: 'configuration.md' })
  }
  const reason = isAbout(error, dataDir) ? folderReasons[code] : undefined
  if (reason !== undefined) {
    const message = `Cannot write to the data folder "${dataDir}": ${reason}, or name another folder with --data-dir`
    return new CommandError(exitCodes.store, message, { cause: error, page: 'configuration.md' })
  }
  if (error instanceof JournalError) {
    return new CommandError(exitCodes.store, error.message, {
      cause: error,
      page: 'journal-format.md',
    })
  }
  return toCommandError(error)
}

/** The flag of the setting that an error is about. */
function flagFor(error: Error): string {
  if (!(error instanceof CollectorError) || error.setting === undefined) return ''
  const missing =
    error.code === 'unprotected'
      ? ' (TLS: --tls-cert and --tls-key; the check: --token-file or --tls-client-ca)'
      : ''
  return ` with --${flagOf(error.setting)}${missing}`
}

const folderReasons: Readonly<Record<string, string>> = {
  EACCES: 'its permissions forbid it; change them',
  EPERM: 'its permissions forbid it; change them',
  EROFS: 'it is on a read-only file system; mount it for writing',
  ENOSPC: 'the disk is full; free some space',
  EDQUOT: 'the disk quota is used up; free some space',
  EEXIST: 'a link in its path leads nowhere; mend it',
  ENOENT: 'no folder can be made there; make it by other means',
  ENOTDIR: 'a part of its path is a file; remove it',
  ENAMETOOLONG: 'its name is too long; shorten it',
  ELOOP: 'its path is a circle of links; mend it',
}

/** Whether a system error is about the folder, something in it, or a folder that it is in. */
function isAbout(error: Error, dataDir: string): boolean {
  const path = 'path' in error && typeof error.path === 'string' ? error.path : ''
  return path !== '' && (path.startsWith(dataDir) || dataDir.startsWith(path))
}
