// The router of `serve`: its file, at the start and at SIGHUP.
import type { Logger } from '@wayward/base'
import type { Collector, CollectorSettings } from '@wayward/collector'
import { join } from 'node:path'
import { readRouter } from '../configuration/router-file.ts'
import type { ServeValues } from './serve-values.ts'

/** What the collector takes of it. @throws CommandError where the file is wrong */
export function toRouter(
  values: Pick<ServeValues, 'router' | 'dataDir'>,
): CollectorSettings['router'] {
  const settings = readRouter(values.router)
  return settings && { settings, folder: join(values.dataDir, 'router') }
}

/** A file with a mistake changes nothing: what ran goes on. */
export function reloadRouter(
  collector: Pick<Collector, 'reloadRouter'>,
  file: string | undefined,
  logger: Logger,
): void {
  try {
    const settings = readRouter(file)
    if (settings === undefined) return
    collector.reloadRouter(settings)
    logger.info('Rules and endpoints were read again', { file })
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    logger.error('Rules and endpoints stay as they were', { why })
  }
}
